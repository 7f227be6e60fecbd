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
    .target(name: "CKernels"),
    // Layer 1
    .target(name: "Tensors", dependencies: ["CKernels"]),
    .target(name: "Randomness", dependencies: ["CKernels"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels"]),
    .testTarget(name: "RandomnessTests", dependencies: ["Randomness", "CKernels"]),
    // Layer 2
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "Tensors"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport"]),
    // Layer 3
    .target(name: "Factors", dependencies: ["Tensors", "LinearAlgebra"]),
    // Layer 4
    .target(
      name: "Projections",
      dependencies: ["CKernels", "Tensors", "Randomness", "LinearAlgebra", "Factors"]),
    .testTarget(name: "ProjectionsTests", dependencies: ["Projections", "CKernels", "TestSupport"]),
    .target(name: "Networks", dependencies: ["Tensors", "Randomness", "LinearAlgebra", "Factors"]),
    // Tests
    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
  ],
  swiftLanguageModes: [.v6]
)
