// swift-tools-version: 6.2
import PackageDescription

// Warnings are errors; spans borrowed from transactions and buffers are checked by the compiler.
let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableExperimentalFeature("Lifetimes"),
]

let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOPosix", package: "swift-nio"),
  .product(name: "NIOSSL", package: "swift-nio-ssl"),
]

// A target for each room, leaf rooms first; arrows point up the list only.
let package = Package(
  name: "pinvault",
  products: [
    .library(name: "PinEngine", targets: ["PinEngine", "PinWords"]),
    .library(name: "PinProtocol", targets: ["PinProtocol", "PinWords", "PinBytes"]),
    .library(name: "PinClient", targets: ["PinClient", "PinProtocol", "PinWords"]),
    .executable(name: "pinvault", targets: ["pinvault"]),
  ],
  dependencies: [
    // Sockets and event loops, for the server and the client.
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    // TLS 1.3 on those sockets.
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    // The commands, their options and their help.
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    // Structured logs.
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    // Settings by flag, environment and file.
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0"),
    // Starting, stopping and signals.
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    // The HTTP ports: health and metrics, the back office.
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    // What mails say, as templates that the shop can replace.
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    // Latencies by percentile, for benchmarks.
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
  ],
  targets: [
    .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLibssl", pkgConfig: "libssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLinux"),

    .target(name: "ChildProcess", dependencies: ["CLinux"], swiftSettings: settings),
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
      name: "PinClient", dependencies: ["PinBytes", "PinWords", "PinProtocol", "PinSealing"] + nio,
      swiftSettings: settings),
    .target(name: "Curl", dependencies: ["CCurl"], swiftSettings: settings),
    .target(
      name: "PinOrders",
      dependencies: [
        "Curl", "PinWords", "PinSealing", "PinEngine",
        .product(name: "Mustache", package: "swift-mustache"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),
    .target(
      name: "HTTPSeats", dependencies: [.product(name: "NIOCore", package: "swift-nio")], swiftSettings: settings),
    .target(
      name: "PinBackOffice",
      dependencies: [
        "Curl", "HTTPSeats", "PinWords", "PinSealing", "PinEngine", "PinOrders", "PinReports",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
      ],
      swiftSettings: settings),
    .target(
      name: "PinServer",
      dependencies: [
        "CLibssl", "CLinux", "HTTPSeats", "PinBytes", "PinWords", "PinProtocol", "PinSealing", "PinStore", "PinEngine",
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
      ],
      swiftSettings: settings),
    .target(
      name: "PinReports", dependencies: ["PinWords", "PinBytes", "PinSealing", "PinStore", "PinEngine"],
      swiftSettings: settings),
    .target(
      name: "PinBench",
      dependencies: [
        "CLibssl", "CLinux", "PinBytes", "PinWords", "LMDB", "PinProtocol", "PinSealing",
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "pinvault",
      dependencies: [
        "PinWords", "PinSealing", "PinStore", "PinEngine", "PinProtocol", "PinClient", "PinServer", "PinBench",
        "PinReports", "PinOrders", "PinBackOffice", "Curl", "ChildProcess", "VendorFiles",
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Configuration", package: "swift-configuration"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
      ],
      swiftSettings: settings),

    // Not a product: what Tests/Disk opens the disks of its power cuts with.
    .executableTarget(
      name: "PinDiskChecker", dependencies: ["PinWords", "PinSealing", "PinStore", "PinEngine"],
      path: "Tests/Disk/Checker", swiftSettings: settings),

    // What several of the test targets share.
    .target(name: "TestSupport", dependencies: ["PinWords"], path: "Tests/Support", swiftSettings: settings),

    .testTarget(name: "PinBytesTests", dependencies: ["PinBytes"], swiftSettings: settings),
    .testTarget(name: "PinWordsTests", dependencies: ["PinWords"], swiftSettings: settings),
    .testTarget(name: "LMDBTests", dependencies: ["LMDB", "ChildProcess", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "PinSealingTests", dependencies: ["PinSealing"], swiftSettings: settings),
    .testTarget(
      name: "VendorFilesTests", dependencies: ["VendorFiles", "CZlib", "TestSupport"], swiftSettings: settings),
    .testTarget(name: "PinStoreTests", dependencies: ["PinStore", "TestSupport"], swiftSettings: settings),
    // What every request must answer, written from the documents alone: it shares no code with what it judges.
    .target(name: "ReferenceModel", path: "Tests/ReferenceModel", swiftSettings: settings),
    .testTarget(
      name: "PinEngineTests", dependencies: ["PinEngine", "LMDB", "ReferenceModel", "ChildProcess", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "PinProtocolTests", dependencies: ["PinProtocol", "PinBytes", "PinWords", "TestSupport"],
      swiftSettings: settings),
    .testTarget(
      name: "PinClientTests", dependencies: ["PinClient", "PinProtocol", "PinSealing", "TestSupport"] + nio,
      swiftSettings: settings),
    .testTarget(
      name: "PinBackOfficeTests",
      dependencies: [
        "PinBackOffice", "PinWords", "PinEngine", "PinStore", "PinSealing", "PinOrders", "PinReports", "Curl",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "PinServerTests",
      dependencies: [
        "PinServer", "PinEngine", "PinStore", "PinProtocol", "PinSealing", "ChildProcess", "TestSupport",
        .product(name: "Logging", package: "swift-log"),
      ] + nio,
      swiftSettings: settings),
    .testTarget(
      name: "PinReportsTests",
      dependencies: ["PinReports", "PinEngine", "PinStore", "PinSealing", "PinWords", "TestSupport"],
      exclude: ["Golden"], swiftSettings: settings),
    .testTarget(
      name: "PinOrdersTests",
      dependencies: ["PinOrders", "PinEngine", "PinStore", "PinSealing", "PinWords", "Curl", "ChildProcess"],
      swiftSettings: settings),
    .testTarget(name: "PinBenchTests", dependencies: ["PinBench"], swiftSettings: settings),
    .testTarget(
      name: "FuzzTests",
      dependencies: [
        "PinBytes", "PinWords", "PinProtocol", "PinClient", "PinSealing", "PinStore", "PinEngine", "VendorFiles",
        "CZlib", "TestSupport",
      ],
      exclude: ["Corpus", "Found"], swiftSettings: settings),
    .testTarget(
      name: "PinvaultTests",
      dependencies: [
        "pinvault", "PinBackOffice", "PinBench", "PinOrders", "ChildProcess", "Curl", "PinClient", "PinProtocol",
        "PinWords", "TestSupport",
      ],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
