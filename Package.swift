// swift-tools-version: 6.1
import PackageDescription

/// Targets stand in layer order: a module imports only from a lower layer (tools/check-layers).
let package = Package(
  name: "ascribe",
  products: [],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Layer 0: C libraries and the loops that C vectorises better.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas lapacke",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CKernels"),
    // Layer 1
    .target(name: "Tensors", dependencies: ["CKernels"]),
    .target(name: "Randomness", dependencies: ["CKernels"]),
    // Layer 2
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "Tensors"]),
    .target(name: "Storage", dependencies: ["CHDF5", "COpenSSL", "Tensors"]),
    .target(
      name: "Configuration", dependencies: ["Tensors", .product(name: "Yams", package: "Yams")]),
    // Layer 3
    .target(
      name: "Datasets", dependencies: ["CZlib", "Configuration", "Randomness", "Storage", "Tensors"]),
    .target(name: "Factors", dependencies: ["LinearAlgebra", "Tensors"]),
    // Layer 4
    .target(
      name: "Networks", dependencies: ["Datasets", "Factors", "LinearAlgebra", "Randomness", "Tensors"]),
    // Layer 6
    .target(
      name: "Gradients",
      dependencies: [
        "Datasets", "Factors", "LinearAlgebra", "Networks", "Randomness", "Storage",
        "Tensors",
      ]),
    // Layer 7
    .target(
      name: "Influence",
      dependencies: [
        "Datasets", "Factors", "Gradients", "LinearAlgebra", "Networks", "Randomness", "Storage",
        "Tensors",
      ]),
    // Tests
    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["CKernels", "Tensors"]),
    .testTarget(name: "RandomnessTests", dependencies: ["CKernels", "Randomness"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"]),
    .testTarget(
      name: "FactorsTests", dependencies: ["Factors", "LinearAlgebra", "Randomness", "TestSupport"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Factors", "LinearAlgebra", "Networks", "Randomness", "TestSupport"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
