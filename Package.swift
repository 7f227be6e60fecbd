// swift-tools-version: 6.1
import PackageDescription

/// Targets stand in layer order: a module imports only from a lower layer (tools/check-layers).
let package = Package(
  name: "ascribe",
  products: [
    .executable(name: "ascribe", targets: ["ascribe"]),
    .library(
      name: "Ascribe",
      targets: [
        "Tensors", "Randomness", "LinearAlgebra", "Storage", "Configuration", "Datasets",
        "Factors", "Networks", "Projections", "Checkpoints", "Training", "Gradients",
        "Influence", "Evaluation", "Curation", "Reports",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // Layer 0: C libraries and the loops that C vectorises better.
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas lapacke",
      providers: [.apt(["libopenblas-dev", "liblapacke-dev"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CKernels"),
    .target(name: "CChecksums", dependencies: ["CXXHash"]),
    // Layer 1
    .target(name: "Tensors", dependencies: ["CKernels"]),
    .target(name: "Randomness", dependencies: ["CKernels"]),
    // Layer 2
    .target(name: "LinearAlgebra", dependencies: ["COpenBLAS", "Tensors"]),
    .target(
      name: "Storage", dependencies: ["CChecksums", "CHDF5", "COpenSSL", "CXXHash", "Tensors"]),
    .target(name: "Images", dependencies: ["CJPEG", "CPNG", "Tensors"]),
    .target(
      name: "Configuration", dependencies: ["Tensors", .product(name: "Yams", package: "Yams")]),
    // Layer 3
    .target(
      name: "Datasets",
      dependencies: [
        "CZlib", "Configuration", "Images", "Randomness", "Storage", "Tensors",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    .target(name: "Factors", dependencies: ["LinearAlgebra", "Tensors"]),
    // Layer 4
    .target(
      name: "Networks",
      dependencies: [
        "CKernels", "Configuration", "Datasets", "Factors", "LinearAlgebra", "Randomness",
        "Tensors",
      ]),
    .target(
      name: "Projections",
      dependencies: ["CKernels", "Factors", "LinearAlgebra", "Randomness", "Tensors"]),
    // Layer 5
    .target(
      name: "Checkpoints", dependencies: ["Configuration", "Factors", "Storage", "Tensors"]),
    // Layer 6
    .target(
      name: "Gradients",
      dependencies: [
        "Datasets", "Factors", "LinearAlgebra", "Networks", "Projections", "Randomness",
        "Storage", "Tensors",
      ]),
    // Layer 7
    .target(
      name: "Training",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Factors", "Gradients", "LinearAlgebra",
        "Networks", "Projections", "Randomness", "Storage", "Tensors",
      ]),
    // Layer 8
    .target(
      name: "Influence",
      dependencies: [
        "Configuration", "Datasets", "Factors", "Gradients", "LinearAlgebra", "Networks", "Projections",
        "Randomness", "Storage", "Tensors", "Training",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    // Layer 9
    .target(
      name: "Evaluation",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Influence", "LinearAlgebra", "Networks",
        "Randomness", "Storage", "Tensors", "Training",
      ]),
    // Layer 10
    .target(
      name: "Curation",
      dependencies: [
        "Datasets", "Evaluation", "Gradients", "Influence", "Projections", "Tensors", "Training",
      ]),
    // Layer 11
    .target(
      name: "Reports",
      dependencies: ["Images", "Tensors", .product(name: "Mustache", package: "swift-mustache")]),
    // Layer 13
    .executableTarget(
      name: "ascribe",
      dependencies: [
        "Checkpoints", "Configuration", "Curation", "Datasets", "Evaluation", "Gradients",
        "Influence", "LinearAlgebra", "Networks", "Projections", "Randomness", "Reports", "Storage",
        "Tensors", "Training", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "ascribe-bench",
      dependencies: [
        "Datasets", "Factors", "Gradients", "Influence", "LinearAlgebra", "Networks",
        "Projections", "Randomness", "Storage", "Tensors", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Tests
    .target(name: "TestSupport", dependencies: ["Storage", "Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["CKernels", "Tensors"]),
    .testTarget(name: "RandomnessTests", dependencies: ["CKernels", "Randomness"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport"]),
    .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: ["Configuration", "Datasets", "Images", "Storage", "TestSupport"]),
    .testTarget(
      name: "FactorsTests", dependencies: ["Factors", "LinearAlgebra", "Randomness", "TestSupport"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Factors", "LinearAlgebra", "Networks", "Randomness", "TestSupport"]),
    .testTarget(
      name: "ProjectionsTests", dependencies: ["CKernels", "Projections", "TestSupport"]),
    .testTarget(
      name: "CheckpointsTests",
      dependencies: ["Checkpoints", "Configuration", "Factors", "Storage", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Factors", "Gradients", "Networks", "Projections",
        "Storage", "TestSupport", "Training",
      ]),
    .testTarget(
      name: "GradientsTests",
      dependencies: [
        "Datasets", "Factors", "Gradients", "Networks", "Projections", "Randomness", "Storage",
        "TestSupport",
      ]),
    .testTarget(
      name: "InfluenceTests",
      dependencies: [
        "Configuration", "Datasets", "Factors", "Gradients", "Influence", "LinearAlgebra",
        "Networks", "Projections", "Randomness", "Storage", "TestSupport", "Training",
      ]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Configuration", "Datasets", "Evaluation", "Influence", "LinearAlgebra", "Networks",
        "Randomness", "Storage", "TestSupport", "Training",
      ]),
    .testTarget(
      name: "CurationTests",
      dependencies: ["Configuration", "Curation", "Influence", "TestSupport", "Training"]),
    .testTarget(
      name: "EndToEndTests", dependencies: ["Influence", "TestSupport", "Training", "ascribe"]),
    .testTarget(name: "ReportsTests", dependencies: ["Images", "Reports", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
