// swift-tools-version: 6.1
import Foundation
import PackageDescription

/// Targets stand in layer order: a module imports only from a lower layer (tools/check-layers).
let package = Package(
  name: "ascribe",
  products: [],
  dependencies: [
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2")
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
    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness", "CKernels"]),
    // Layer 2
    .target(name: "Storage", dependencies: ["Tensors", "CHDF5", "COpenSSL"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
    .target(
      name: "Configuration", dependencies: ["Tensors", .product(name: "Yams", package: "Yams")]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"]),
    // Layer 3
    .target(
      name: "Datasets",
      dependencies: ["Tensors", "Randomness", "Storage", "Configuration", "CZlib"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
