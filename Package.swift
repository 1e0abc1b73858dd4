// swift-tools-version: 6.2
// Moonglass: constrained generative models and inverse problems by neural approximate mirror maps.
import PackageDescription

let swift: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "moonglass",
  products: [
    .executable(name: "moonglass", targets: ["moonglass"]),
    .library(name: "MoonglassEngine", targets: ["Engine"]),
    .library(name: "MoonglassHost", targets: ["Host"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0")
  ],
  targets: [
    .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
    .systemLibrary(name: "COpenBLAS", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CFFTW", providers: [.apt(["libfftw3-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .target(
      name: "CKernels", dependencies: ["COpenBLAS", "CFFTW", "CPNG", "CLua"],
      linkerSettings: ["gomp", "fftw3", "fftw3f", "png16", "z", "lua5.4"].map {
        .linkedLibrary($0)
      }),

    .target(name: "Engine", dependencies: ["CKernels"], swiftSettings: swift),
    .target(name: "LuaBridge", dependencies: ["Engine", "CKernels", "CLua"], swiftSettings: swift),
    .target(
      name: "Host", dependencies: ["Engine", "LuaBridge"], swiftSettings: swift),
    .executableTarget(
      name: "moonglass",
      dependencies: [
        "Engine", "LuaBridge", "Host",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swift),

    .target(
      name: "TestSupport", dependencies: ["Engine"], path: "Tests/TestSupport",
      swiftSettings: swift),
    .testTarget(
      name: "EngineTests", dependencies: ["Engine", "CKernels", "TestSupport"],
      swiftSettings: swift),
    .testTarget(
      name: "LuaBridgeTests", dependencies: ["LuaBridge", "TestSupport"], swiftSettings: swift),
    .testTarget(name: "HostTests", dependencies: ["Host", "TestSupport"], swiftSettings: swift),
    .testTarget(
      name: "CommandTests", dependencies: ["moonglass"], swiftSettings: swift),
  ],
  swiftLanguageModes: [.v6]
)
