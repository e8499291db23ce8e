// swift-tools-version: 6.2
import PackageDescription

// The product's own sources, by links, built with libFuzzer's counters and with their internals open to the targets in
// `Tests/FuzzTests/Targets`. `Scripts/fuzz` builds it; nothing else does.
let settings: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .unsafeFlags(["-sanitize=fuzzer", "-enable-testing"]),
]

let package = Package(
  name: "pinvault",
  targets: [
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb"),
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto"),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib"),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CLibFuzzer"),

    .target(name: "PinBytes", swiftSettings: settings),
    .target(name: "PinWords", swiftSettings: settings),
    .target(name: "LMDB", dependencies: ["CLMDB"], swiftSettings: settings),
    .target(name: "PinSealing", dependencies: ["CLibcrypto", "CLinux"], swiftSettings: settings),
    .target(name: "VendorFiles", dependencies: ["CZlib"], swiftSettings: settings),
    .target(name: "PinStore", dependencies: ["PinBytes", "LMDB", "PinSealing"], swiftSettings: settings),
    .target(
      name: "PinEngine", dependencies: ["PinBytes", "PinWords", "LMDB", "PinSealing", "PinStore"],
      swiftSettings: settings),
    .target(name: "PinProtocol", dependencies: ["PinBytes", "PinWords"], swiftSettings: settings),
    .target(
      name: "PinClient", dependencies: ["PinWords", "PinProtocol"],
      swiftSettings: settings),
    .executableTarget(
      name: "Fuzzer",
      dependencies: [
        "CLibFuzzer", "CZlib", "PinBytes", "PinWords", "PinProtocol", "PinClient", "PinSealing", "PinStore",
        "PinEngine",
        "VendorFiles",
      ],
      swiftSettings: [.enableExperimentalFeature("Lifetimes"), .unsafeFlags(["-enable-testing"])],
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
  ],
  swiftLanguageModes: [.v6]
)
