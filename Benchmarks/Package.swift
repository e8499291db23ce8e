// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody who builds PinVault resolves what its benchmarks need. `Sources` leads to PinVault's
// rooms, which are built here as part of this package: what they show each other they show the benchmarks, too.
let settings: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]
/// Of rooms that are measured a stage at a time, what is inside is shown to the benchmarks as it is to tests.
let opened = settings + [.unsafeFlags(["-enable-testing"])]

let package = Package(
  name: "Benchmarks",
  dependencies: [
    // Runs benchmarks, tells percentiles, compares with thresholds. Its own counters of allocations are not built: ours is
    // beside this file.
    .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])
  ],
  targets: [
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLinux"),
    .target(name: "PinBytes", swiftSettings: settings),
    .target(name: "PinWords", swiftSettings: settings),
    .target(name: "LMDB", dependencies: ["CLMDB"], swiftSettings: settings),
    .target(name: "PinSealing", dependencies: ["CLibcrypto", "CLinux"], swiftSettings: settings),
    .target(name: "PinStore", dependencies: ["PinBytes", "LMDB", "PinSealing"], swiftSettings: opened),
    .target(
      name: "PinEngine", dependencies: ["PinBytes", "PinWords", "LMDB", "PinSealing", "PinStore"],
      swiftSettings: opened),
    .target(name: "PinProtocol", dependencies: ["PinBytes", "PinWords"], swiftSettings: settings),

    .target(name: "AllocationCount", path: "AllocationCount"),
    .executableTarget(
      name: "Rooms",
      dependencies: [
        "AllocationCount", "PinBytes", "PinWords", "LMDB", "PinSealing", "PinStore", "PinEngine", "PinProtocol",
        .product(name: "Benchmark", package: "benchmark"),
      ],
      path: "Rooms",
      swiftSettings: settings,
      plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
  ],
  swiftLanguageModes: [.v6]
)
