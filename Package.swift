// swift-tools-version: 6.1
import PackageDescription

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

/// Targets stand in layer order: a module imports only from a lower layer (tools/check-layers).
let package = Package(
  name: "ascribe",
  products: [
    .executable(name: "ascribe", targets: ["ascribe"]),
    .library(
      name: "Ascribe",
      targets: [
        "Tensors", "Randomness", "JSON", "LinearAlgebra", "Storage", "Configuration", "Text",
        "Datasets", "Factors", "Networks", "Projections", "Checkpoints", "Models", "Gradients",
        "Training", "Runs", "Influence", "Evaluation", "Components", "Curation", "Reports",
        "Answers", "Session", "Ascribe",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
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
      name: "Storage",
      dependencies: ["CChecksums", "CHDF5", "COpenSSL", "CXXHash", "Tensors", system]),
    .target(name: "Images", dependencies: ["CJPEG", "CPNG", "Tensors"]),
    .target(name: "JSON", dependencies: ["Tensors"]),
    // Layer 3
    .target(
      name: "Configuration",
      dependencies: ["JSON", "Tensors", .product(name: "Yams", package: "Yams")]),
    .target(
      name: "Text",
      dependencies: [
        "JSON", "Storage", "Tensors",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    // Layer 4
    .target(
      name: "Datasets",
      dependencies: [
        "CZlib", "Configuration", "Images", "JSON", "Randomness", "Storage", "Tensors", "Text",
        system,
      ]),
    .target(name: "Factors", dependencies: ["LinearAlgebra", "Tensors"]),
    // Layer 5
    .target(
      name: "Networks",
      dependencies: [
        "CKernels", "Datasets", "Factors", "LinearAlgebra", "Randomness", "Tensors",
      ]),
    .target(
      name: "Projections",
      dependencies: ["CKernels", "Factors", "LinearAlgebra", "Randomness", "Tensors"]),
    // Layer 6
    .target(
      name: "Checkpoints",
      dependencies: ["Configuration", "Factors", "JSON", "Storage", "Tensors", system]),
    // Layer 7
    .target(
      name: "Models",
      dependencies: [
        "Checkpoints", "Configuration", "Factors", "Networks", "Storage", "Tensors", system,
      ]),
    .target(
      name: "Gradients",
      dependencies: [
        "Datasets", "Factors", "LinearAlgebra", "Networks", "Projections", "Randomness",
        "Storage", "Tensors",
      ]),
    // Layer 8
    .target(
      name: "Training",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Factors", "Gradients", "LinearAlgebra",
        "Networks", "Projections", "Randomness", "Storage", "Tensors",
      ]),
    // Layer 9
    .target(
      name: "Runs",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Factors", "Gradients", "JSON",
        "LinearAlgebra", "Models", "Networks", "Storage", "Tensors", "Training", system,
      ]),
    // Layer 10
    .target(
      name: "Influence",
      dependencies: [
        "Configuration", "Datasets", "Factors", "Gradients", "LinearAlgebra", "Networks",
        "Projections", "Randomness", "Runs", "Storage", "Tensors", "Training",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    // Layer 11
    .target(
      name: "Evaluation",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Influence", "LinearAlgebra", "Networks",
        "Randomness", "Runs", "Storage", "Tensors", "Training",
      ]),
    // Layer 12
    .target(
      name: "Components",
      dependencies: [
        "Checkpoints", "Datasets", "Evaluation", "Factors", "LinearAlgebra", "Networks",
        "Randomness", "Runs", "Storage", "Tensors",
      ]),
    // Layer 13
    .target(
      name: "Curation",
      dependencies: [
        "Datasets", "Evaluation", "Gradients", "Influence", "LinearAlgebra", "Networks",
        "Projections", "Randomness", "Runs", "Storage", "Tensors", "Training",
      ]),
    // Layer 14
    .target(
      name: "Reports",
      dependencies: ["Images", "Tensors", .product(name: "Mustache", package: "swift-mustache")]),
    // Layer 15
    .target(
      name: "Answers",
      dependencies: [
        "Checkpoints", "Components", "Curation", "Datasets", "Evaluation", "Gradients",
        "Influence", "JSON", "LinearAlgebra", "Models", "Networks", "Reports", "Runs", "Storage",
        "Tensors", "Text",
        "Training",
      ]),
    // Layer 16
    .target(
      name: "Session",
      dependencies: [
        "Answers", "Checkpoints", "Components", "Configuration", "Curation", "Datasets",
        "Evaluation", "Factors", "Gradients", "Influence", "JSON", "LinearAlgebra", "Networks",
        "Projections", "Randomness", "Models", "Reports", "Runs", "Storage", "Tensors", "Text", "Training",
      ]),
    // Layer 17
    .target(
      name: "Ascribe",
      dependencies: [
        "Answers", "Checkpoints", "Components", "Configuration", "Curation", "Datasets",
        "Evaluation", "Influence", "Models", "Networks", "Reports", "Runs", "Session", "Tensors",
        "Text",
        "Training",
      ], path: "Sources/Umbrella"),
    // Layer 18
    .executableTarget(
      name: "ascribe",
      dependencies: [
        "Answers", "Checkpoints", "Components", "Configuration", "Curation", "Datasets",
        "Evaluation", "Gradients", "Influence", "JSON", "LinearAlgebra", "Models", "Networks",
        "Projections", "Reports", "Runs", "Session", "Storage", "Tensors", "Training",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Tests
    .target(name: "TestSupport", dependencies: ["Storage", "Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["CKernels", "Tensors"]),
    .testTarget(name: "RandomnessTests", dependencies: ["CKernels", "Randomness"]),
    .testTarget(name: "LinearAlgebraTests", dependencies: ["LinearAlgebra", "TestSupport"]),
    .testTarget(name: "StorageTests", dependencies: ["Storage", "TestSupport", system]),
    .testTarget(name: "JSONTests", dependencies: ["JSON", "TestSupport"]),
    .testTarget(
      name: "ConfigurationTests", dependencies: ["Configuration", "Tensors", "TestSupport"]),
    .testTarget(
      name: "DatasetsTests",
      dependencies: [
        "Configuration", "Datasets", "Images", "JSON", "Storage", "TestSupport", "Text",
      ]),
    .testTarget(
      name: "FactorsTests", dependencies: ["Factors", "LinearAlgebra", "Randomness", "TestSupport"]),
    .testTarget(
      name: "NetworksTests",
      dependencies: [
        "CKernels", "Factors", "LinearAlgebra", "Networks", "Randomness", "TestSupport",
      ]),
    .testTarget(
      name: "ProjectionsTests", dependencies: ["CKernels", "Projections", "TestSupport"]),
    .testTarget(
      name: "CheckpointsTests",
      dependencies: ["Checkpoints", "Configuration", "Factors", "Storage", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Checkpoints", "Configuration", "Datasets", "Factors", "Gradients", "Models", "Networks",
        "Projections", "Randomness", "Runs", "Storage", "TestSupport", "Training",
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
        "Networks", "Projections", "Randomness", "Runs", "Storage", "TestSupport", "Training",
      ]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: [
        "Configuration", "Datasets", "Evaluation", "Influence", "LinearAlgebra", "Networks",
        "Randomness", "Runs", "Storage", "TestSupport", "Training",
      ]),
    .testTarget(
      name: "ComponentsTests",
      dependencies: [
        "Components", "Datasets", "Factors", "LinearAlgebra", "Models", "Networks", "Randomness",
        "Storage", "TestSupport",
      ]),
    .testTarget(
      name: "CurationTests",
      dependencies: [
        "Configuration", "Curation", "Evaluation", "Influence", "Networks", "Randomness", "Runs",
        "Storage", "Tensors", "TestSupport", "Training",
      ]),
    .testTarget(
      name: "SessionTests",
      dependencies: [
        "Answers", "Ascribe", "Components", "Curation", "Evaluation", "Influence", "Networks",
        "Session", "TestSupport",
        "Images", "Runs", "Storage", "Training",
      ]),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "Ascribe", "Influence", "Runs", "Storage", "Tensors", "TestSupport", "Training", "ascribe",
      ]),
    .testTarget(name: "ReportsTests", dependencies: ["Images", "Reports", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// `tools/test` without --all leaves these files out: it skips their suites, which are long.
// Everything else (`swift test`, `tools/test --all`) has them.
let longTests = [
  "ComponentsTests": ["ErrorCalibration", "CopyTask", "InductionTask", "AblationBank"],
  "ConfigurationTests": ["ConfigurationError"],
  "CurationTests": ["Cut/NoiseKind"],
  "DatasetsTests": ["Damage", "TextDamage"],
  "EndToEndTests": [
    "AddressLimit", "Answer", "Bank", "Completion", "Components", "Curation", "Damage", "Defaults",
    "Diagnose", "Edit", "EvaluationJob", "Evaluate", "Export", "Factor", "FullDisk", "Hostile",
    "HostileData", "Image", "Import", "Init", "LayerAnswer", "Memory", "ModelFamilyImport",
    "MovedRun", "NoTestSet", "Permission", "Plan", "PretrainedImport", "Prune", "QueryScores",
    "Resume", "Sequence", "Sides", "Signal", "Stale", "Step", "TerminalText", "Thread", "Unlearn",
  ],
  "EvaluationTests": ["SequenceTruth"],
  "InfluenceTests": ["DampingProfile", "FactorScore"],
  "NetworksTests": ["FamilyCurvature", "TrainingCurvature"],
  "StorageTests": ["Kill"],
  "TrainingTests": ["GradientSaving", "OptimizerAdjoint", "Replay"],
]
if Context.environment["ASCRIBE_TESTS"] == "short" {
  for target in package.targets where target.isTest {
    target.exclude = (longTests[target.name] ?? []).map { $0 + "Tests.swift" }
  }
}
