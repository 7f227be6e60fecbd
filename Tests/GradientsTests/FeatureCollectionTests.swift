import Datasets
import Factors
import Foundation
import Networks
import Projections
import Randomness
import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients

@Suite("Feature collection")
struct FeatureCollectionTests {
  static func values(_ shape: [Int], seed: UInt64) -> Tensor {
    let result = Tensor(uninitialized: shape)
    RandomStream(seed: seed, purpose: .probe)
      .fillGaussian(result.storage.base, count: result.count)
    return result
  }

  static func data(_ n: Int, seed: UInt64 = 1) -> Dataset {
    Dataset(
      inputs: values([n, 4], seed: seed),
      targets: .classes((0..<n).map { Int32($0 % 3) }, names: ["a", "b", "c"]))
  }

  static func source(_ seed: UInt64) -> GradientSource {
    let network = Network.multilayerPerceptron(
      inputShape: [4], hidden: [5], outputs: 3, activation: .tanh)
    return GradientSource(network: network, parameters: network.initialParameters(seed: seed))
  }

  static func collection(
    _ kind: ProjectorKind = .sjlt, k: Int = 12, seed: UInt64 = 3,
    function: OutputFunction = .margin, models: [UInt64] = [1, 2], training: Dataset = data(50),
    identity: RunIdentity = .sample
  ) -> FeatureCollection {
    FeatureCollection(
      groups: models.map { .init(name: "seed-\($0)", source: source($0), modelHash: "hash \($0)") },
      outputFunction: function,
      projection: ProjectionChoice(kind: kind, dimension: k, seed: seed), training: training,
      identity: identity)
  }

  struct Stopped: Error {}

  @Test("stopped after any block and continued, the store has the same bytes")
  func resume() throws {
    let data = Self.data(50)
    var work = Self.collection(training: data)
    // Blocks of 8 rows, two in a shard: 50 rows are 7 blocks in 4 shards, twice.
    work.block = 8
    work.shardBytes = 16 * 12 * 4
    let whole = try ScratchFolder()
    var calls = 0
    try work.collect(data, to: whole / "train.h5") { done, total in
      calls += 1
      #expect(total == 100 && done <= total)
    }
    #expect(calls == 2 + 14)
    let expected = try whole.contents()
    #expect(expected.count >= 9)
    for stop in 1...calls {
      let folder = try ScratchFolder()
      var seen = 0
      #expect(throws: Stopped.self) {
        try work.collect(data, to: folder / "train.h5") { _, _ in
          seen += 1
          if seen == stop { throw Stopped() }
        }
      }
      var last = 0
      try work.collect(data, to: folder / "train.h5") { done, _ in last = done }
      #expect(last == 100)
      let found = try folder.contents()
      #expect(found.keys.sorted() == expected.keys.sorted(), "stopped at \(stop)")
      #expect(found == expected, "stopped at \(stop)")
    }
  }

  @Test("a finished store is left alone")
  func finished() throws {
    let folder = try ScratchFolder()
    let data = Self.data(20)
    let work = Self.collection(training: data)
    try work.collect(data, to: folder / "train.h5")
    let before = try folder.contents()
    var calls: [Int] = []
    try work.collect(data, to: folder / "train.h5") { done, _ in calls.append(done) }
    #expect(calls == [20, 40])
    #expect(try folder.contents() == before)
  }

  @Test("a store of something else is refused by the name of the field")
  func refused() throws {
    let folder = try ScratchFolder()
    let data = Self.data(20)
    let path = folder / "train.h5"
    try Self.collection(training: data).collect(data, to: path)
    func field(
      _ work: FeatureCollection, _ set: Dataset? = nil, _ dtype: StorageType = .float32
    ) -> String? {
      let error = diagnosed { try work.collect(set ?? data, to: path, dtype: dtype) }
      if case .fingerprintMismatch(let field, _, _, _) = error as? StorageError { return field }
      return nil
    }
    #expect(field(Self.collection(models: [1, 3], training: data)) == "model")
    #expect(field(Self.collection(models: [1], training: data)) == "model")
    #expect(field(Self.collection(training: data), Self.data(20, seed: 9)) == "dataset")
    #expect(
      field(Self.collection(training: data), data.subset(Array((0..<20).reversed()))) == "dataset")
    #expect(field(Self.collection(function: .logit, training: data)) == "outputFunction")
    #expect(field(Self.collection(seed: 4, training: data)) == "projector")
    #expect(field(Self.collection(k: 13, training: data)) == "projector")
    #expect(field(Self.collection(.rademacher, training: data)) == "projector")
    #expect(field(Self.collection(training: data), nil, .float16) == "dtype")
    #expect(field(Self.collection(training: data)) == nil)
    try Self.collection(seed: 4, training: data).collect(data, to: path, overwrite: true)
    #expect(field(Self.collection(seed: 4, training: data)) == nil)
    #expect(field(Self.collection(training: data)) == "projector")
  }

  @Test("every field of a store's fingerprint, changed alone, is refused by its name")
  func everyField() throws {
    let folder = try ScratchFolder()
    let (train, test) = (Self.data(20), Self.data(6, seed: 5))
    // Landmarks of other examples than the rows: no field is left out.
    let work = try Self.landmarks(of: train)
    try work.collect(test, to: folder / "test.h5")
    let made = try FeatureStoreReader(folder / "test.h5").fingerprint
    let own = ["outputFunction", "projector", "dtype"]
    #expect(
      made.fields.map(\.name) == RunIdentity.FileKind.featureStore.fields.map(\.rawValue) + own)
    for field in made.fields.map(\.name) {
      let read = mismatchedField {
        _ = try FeatureStoreReader(folder / "test.h5", expecting: made.changing(field))
      }
      let isOfMachine = RunIdentity.Field(rawValue: field)?.isOfMachine == true
      #expect(read == (isOfMachine ? nil : field))
    }
  }

  /// Features by landmarks of a training set at two checkpoints, by one of two layers.
  private static func landmarks(
    of train: Dataset, models: [UInt64] = [1, 2], layers: String = "0",
    identity: RunIdentity = .sample
  ) throws -> FeatureCollection {
    FeatureCollection(
      groups: try models.map {
        let whole = source($0)
        let network = try whole.network.selecting(LayerPatterns([layers]), place: "here")
        return .init(
          name: "seed-\($0)",
          source: GradientSource(network: network, parameters: whole.parameters),
          modelHash: "hash \($0)")
      }, outputFunction: .margin,
      projection: ProjectionChoice(kind: .landmarks, dimension: 8, seed: 3), training: train,
      identity: identity)
  }

  @Test("a collection that stopped goes on only where every part of it is the same")
  func halfMade() throws {
    let (train, test) = (Self.data(20), Self.data(6, seed: 5))
    let folder = try ScratchFolder()
    // Stopped after the first of two checkpoints.
    var calls = 0
    #expect(throws: Stopped.self) {
      try Self.landmarks(of: train).collect(test, to: folder / "test.h5") { done, _ in
        calls += 1
        if done == 6 { throw Stopped() }
      }
    }
    #expect(calls == 2)
    func field(_ work: FeatureCollection, _ data: Dataset) -> String? {
      mismatchedField { try work.collect(data, to: folder / "test.h5") }
    }
    let parts: [RunIdentity.Field] =
      [.modelConfiguration, .lora, .train] + RunIdentity.Field.allCases.filter(\.isOfMachine)
    for part in parts {
      let identity = RunIdentity.sample.changing(part)
      #expect(
        field(try Self.landmarks(of: train, identity: identity), test) == part.rawValue)
    }
    #expect(field(try Self.landmarks(of: train, models: [1, 3]), test) == "model")
    #expect(field(try Self.landmarks(of: train, layers: "2"), test) == "layers")
    #expect(field(try Self.landmarks(of: train), Self.data(6, seed: 6)) == "dataset")
    #expect(field(try Self.landmarks(of: train), test) == nil)
    #expect(try FeatureStoreReader(folder / "test.h5").rows == 6)
  }

  @Test(
    "features, outputs, ids and labels are those of the network, for every kind of projector",
    arguments: ProjectorKind.allCases)
  func contents(kind: ProjectorKind) throws {
    let folder = try ScratchFolder()
    let data = Self.data(30)
    let work = Self.collection(kind, training: data)
    try work.collect(data, to: folder / "train.h5")
    let store = try FeatureStoreReader(folder / "train.h5")
    #expect(store.rows == 30 && store.groups == ["seed-1", "seed-2"])
    #expect(try store.ids() == data.storedIDs)
    #expect(try store.labels() == data.storedLabels)
    let text = try #require(store.fingerprint["projector"])
    #expect(ProjectionChoice(canonicalText: text)?.kind == kind)
    for (group, model) in zip(store.groups, [UInt64(1), 2]) {
      let source = Self.source(model)
      let (gradients, outputs) = try source.gradients(of: data, target: .output(.margin))
      let projector = try work.projection.projector(for: source, .margin, data)
      #expect(
        relativeDifference(
          try store.readRows(group: group, 0..<30).elements,
          try projector.project(gradients).elements) < 1e-6)
      let targets = TargetValues(data.targets)
      let p = outputs.softmax()
      let probability = (0..<30).map { p[$0, $0 % 3] }
      #expect(
        relativeDifference(try store.output("probability", group: group), probability) < 1e-5)
      #expect(
        relativeDifference(
          try store.output("residual", group: group), probability.map { 1 - $0 }) < 1e-5)
      #expect(
        try store.output("output", group: group)
          == OutputFunction.margin.values(outputs, targets))
      #expect(try store.output("margin", group: group) == store.output("output", group: group))
      #expect(
        try store.output("loss", group: group) == Loss.crossEntropy.values(outputs, targets))
    }
  }

  @Test(
    "half precision keeps the features to its digits",
    arguments: [(StorageType.float16, 1e-3), (.bfloat16, 8e-3)])
  func half(dtype: StorageType, tolerance: Double) throws {
    let folder = try ScratchFolder()
    let data = Self.data(30)
    let work = Self.collection(training: data)
    try work.collect(data, to: folder / "full.h5")
    try work.collect(data, to: folder / "half.h5", dtype: dtype)
    let (full, half) = (
      try FeatureStoreReader(folder / "full.h5"), try FeatureStoreReader(folder / "half.h5")
    )
    #expect(half.layout.dtype == dtype)
    let difference = relativeDifference(
      try half.readRows(group: "seed-1", 0..<30).elements,
      try full.readRows(group: "seed-1", 0..<30).elements)
    #expect(difference < tolerance && difference > 0)
  }

  @Test("the test split's features use the training set's landmarks")
  func split() throws {
    let folder = try ScratchFolder()
    let (train, test) = (Self.data(20), Self.data(6, seed: 5))
    let work = Self.collection(.landmarks, k: 8, models: [1], training: train)
    try work.collect(train, to: folder / "train.h5")
    try work.collect(test, to: folder / "test.h5")
    let (a, b) = (
      try FeatureStoreReader(folder / "train.h5"), try FeatureStoreReader(folder / "test.h5")
    )
    #expect(a.fingerprint["projector"] == b.fingerprint["projector"])
    #expect(a.fingerprint["dataset"] != b.fingerprint["dataset"])
    let source = Self.source(1)
    let projector = try work.projection.projector(for: source, .margin, train)
    let gradients = try source.gradients(of: test, target: .output(.margin)).gradients
    #expect(
      relativeDifference(
        try b.readRows(group: "seed-1", 0..<6).elements,
        try projector.project(gradients).elements) < 1e-6)
  }

  @Test("numbers have no margin and no probability, and a residual t − z")
  func numbers() throws {
    let folder = try ScratchFolder()
    let network = Network.multilayerPerceptron(inputShape: [4], hidden: [], outputs: 1)
    let source = GradientSource(
      network: network, parameters: network.initialParameters(seed: 1))
    let targets = Self.values([10, 1], seed: 8)
    let data = Dataset(inputs: Self.values([10, 4], seed: 2), targets: .values(targets))
    let work = FeatureCollection(
      groups: [.init(name: "g", source: source, modelHash: "h")], outputFunction: .prediction,
      projection: ProjectionChoice(kind: .identity, dimension: 1), training: data,
      identity: .sample)
    try work.collect(data, to: folder / "train.h5")
    let store = try FeatureStoreReader(folder / "train.h5")
    let z = source.outputs(of: data)
    #expect(store.columns == 5)
    #expect(
      relativeDifference(
        try store.output("residual", group: "g"), (targets - z).elements) < 1e-6)
    #expect(try store.output("margin", group: "g").allSatisfy { $0 == 0 })
    #expect(try store.labels() == .values(Matrix(targets)))
  }

  @Test("a network that diverged is noticed, and no store is left finished")
  func diverged() throws {
    let folder = try ScratchFolder()
    let data = Self.data(10)
    let good = Self.source(1)
    var parameters = good.parameters
    parameters[parameters.count - 1] = .nan
    let work = FeatureCollection(
      groups: [
        .init(
          name: "g", source: GradientSource(network: good.network, parameters: parameters),
          modelHash: "h")
      ], outputFunction: .margin,
      projection: ProjectionChoice(kind: .identity, dimension: 1), training: data,
      identity: .sample)
    let error = diagnosed { try work.collect(data, to: folder / "train.h5") }
    #expect(error as? GradientError == .nonFiniteOutput(example: "0"))
    #expect(throws: StorageError.self) { try FeatureStoreReader(folder / "train.h5") }
  }
}
