// swift-tools-version: 6.1
import Foundation
import PackageDescription

/// Targets stand in layer order: a module imports only from a lower layer (tools/check-layers).
let package = Package(
  name: "ascribe",
  products: [],
  dependencies: [],
  targets: [
    // Layer 0: C libraries and the loops that C vectorises better.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas lapacke",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .target(name: "CKernels"),
    // Layer 1
    .target(name: "Tensors", dependencies: ["CKernels"]),
    .target(name: "Randomness", dependencies: ["CKernels"]),
    // Layer 2
    .target(name: "Storage", dependencies: ["Tensors", "CHDF5", "COpenSSL"]),
    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness", "CKernels"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
