import Datasets
import Foundation
import Gradients
import Networks
import Projections
import Runs
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

/// Scores of gradients from elsewhere against those of the network that they are of.
@Suite("Scores of stored factors")
struct FactorScoreTests {
  /// The factors of a network's gradients as a source, with its training and test examples.
  static func stored(
    _ network: GradientSource, _ data: Dataset, _ queries: Dataset,
    _ targets: [GradientSource.Target], in folder: ScratchFolder
  ) throws -> (source: StoredFactors, data: Dataset, queries: Dataset) {
    for (name, set) in [("train.h5", data), ("test.h5", queries)] {
      try FactorFile.write(network, data: set, targets: targets, model: "m", to: folder / name)
    }
    let files = try ["train.h5", "test.h5"].map { try FactorFile(folder / $0) }
    return (try StoredFactors(files), files[0].data, files[1].data)
  }

  @Test(
    "every method's scores, means and self-influence are those of the network, exact and on features",
    arguments: MethodTable.ofCheckpoints.filter { !$0.needs.contains(.network) && $0 != .halfDot },
    [true, false])
  func everyMethod(method: Influence.Method, classification: Bool) throws {
    let folder = try ScratchFolder()
    let data = classification ? Problem.classes(30, seed: 1) : Problem.numbers(30, seed: 1)
    let queries = classification ? Problem.classes(6, seed: 2) : Problem.numbers(6, seed: 2)
    let network = Problem.source(outputs: classification ? 3 : 1, seed: 3)
    let own = try Self.stored(network, data, queries, [.jacobian], in: folder)
    if !classification, method.needs.contains(.classes) { return }
    let options = try ScoringOptions(
      method: method, classification: classification, exampleWeight: nil,
      curvature: method.curvatures.contains(.empiricalFisher) ? .empiricalFisher : nil)
    func answers(_ ensemble: Ensemble, _ data: Dataset, _ queries: Dataset) throws -> [[Float]] {
      [
        try ensemble.scores(queries).elements, try ensemble.scores(queries, mean: true).elements,
        try ensemble.selfInfluence(),
      ]
    }
    func exact(
      _ source: any GradientProvider, _ data: Dataset, _ queries: Dataset
    ) throws -> [[Float]] {
      try answers(
        Ensemble(
          checkpoints: Problem.exact([source], data, method), training: data, options: options),
        data, queries)
    }
    func features(
      _ source: any GradientProvider, _ data: Dataset, _ queries: Dataset
    ) throws -> [[Float]] {
      let place = try ScratchFolder()
      return try answers(
        Problem.features([source], data, options, in: place.path), data, queries)
    }
    for (index, kernel) in [exact, features].enumerated()
    where index == 0 || method.readsFeatures {
      let (found, expected) = (
        try kernel(own.source, own.data, own.queries), try kernel(network, data, queries)
      )
      for (a, b) in zip(found, expected) {
        #expect(relativeDifference(a, b) < 1e-6, "\(method) \(index)")
      }
    }
  }

  @Test("factors of the margin alone give what follows from it, and no trace kernel")
  func marginAlone() throws {
    let folder = try ScratchFolder()
    let (data, queries) = (Problem.classes(30, seed: 4), Problem.classes(5, seed: 5))
    let network = Problem.source(seed: 6)
    let own = try Self.stored(network, data, queries, [.output(.margin)], in: folder)
    for method in [Influence.Method.graddot, .gradcos, .trak] {
      // Without a trace kernel λ is spread evenly.
      let options = try ScoringOptions(
        method: method, classification: true, exampleWeight: nil, dampingProfile: .uniform)
      func scores(
        _ source: any GradientProvider, _ data: Dataset, _ queries: Dataset
      ) throws -> [Float] {
        try Ensemble(
          checkpoints: [ExactCheckpoint(name: "c", source: source, training: data)],
          training: data, options: options
        ).scores(queries).elements
      }
      #expect(
        relativeDifference(
          try scores(own.source, own.data, own.queries), try scores(network, data, queries))
          < 1e-6, "\(method)")
    }
    let checkpoint = ExactCheckpoint(name: "c", source: own.source, training: own.data)
    #expect(!checkpoint.hasTraceKernel)
    let loo = try Ensemble(
      checkpoints: [checkpoint], training: own.data,
      options: ScoringOptions(method: .ntkLeaveOneOut, classification: true, exampleWeight: nil))
    #expect(
      diagnosed { _ = try loo.scores(own.queries) }?.what
        == "there are no factors of trace: the file has those of margin")
  }

  @Test("by hand: graddot and trak of a linear model of two inputs")
  func hand() throws {
    let folder = try ScratchFolder()
    let file = try HDF5File(creating: folder / "plain.h5")
    try file.write([Float](arrayLiteral: 0, 1), shape: [2, 1], to: "outputs")
    try file.write([Float](arrayLiteral: 2, 0), shape: [2], to: "labels")
    try file.write([Float](arrayLiteral: 1, 1), shape: [2, 1], to: "left/prediction/w")
    try file.write([Float](arrayLiteral: 2, 0, 0, 1), shape: [2, 2], to: "right/w")
    try file.close()
    var job = FactorImport(
      name: "hand", train: folder / "plain.h5", test: folder / "plain.h5",
      checkpointsFolder: folder.path)
    let run = try job.run()
    let influence = try RunInfluence(run)
    // ∇f = (2, 0) and (0, 1); t − z = 2 and −1; −∇ℓ = (4, 0) and (0, −1).
    let graddot = try influence.ensemble(ScoringRequest(method: .graddot))
    #expect(try graddot.scores(influence.data.test).elements == [16, 0, 0, 1])
    // K = diag(4, 1), λ = 1: h = 4/5 and 1/2, times the residual of the example and of the query.
    let trak = try influence.ensemble(
      ScoringRequest(method: .trak, damping: .value(1), dampingProfile: .uniform))
    #expect(
      relativeDifference(
        try trak.scores(influence.data.test).elements, [0.8 * 2 * 2, 0, 0, 0.5] as [Float]) < 1e-6)
    #expect(influence.factors?.parameterCount == 2)
    #expect(diagnosed { _ = try influence.network } as? RunError == .noNetwork(run: "hand"))
    #expect(diagnosed { _ = try run.configuration() } as? RunError == .noNetwork(run: "hand"))
    #expect(diagnosed { _ = try run.training() } as? RunError == .noNetwork(run: "hand"))
    // Again is the same run; another file is refused, and nothing of the first is touched.
    let before = try folder.contents(of: "hand")
    _ = try job.run()
    #expect(try folder.contents(of: "hand") == before)
    let other = try HDF5File(creating: folder / "other.h5")
    try other.write([Float](arrayLiteral: 0, 1), shape: [2, 1], to: "outputs")
    try other.write([Float](arrayLiteral: 2, 3), shape: [2], to: "labels")
    try other.write([Float](arrayLiteral: 1, 1), shape: [2, 1], to: "left/prediction/w")
    try other.close()
    var second = FactorImport(
      name: "hand", train: folder / "other.h5", test: nil, checkpointsFolder: folder.path)
    #expect(
      diagnosed { _ = try second.run() }?.what.hasPrefix(
        "a run of this name exists with train data hash") == true)
    second.overwrites = true
    job = FactorImport(
      name: "hand", train: folder / "none.h5", test: nil, checkpointsFolder: folder.path)
    job.overwrites = true
    #expect(throws: StorageError.self) { _ = try job.run() }
    #expect(try folder.contents(of: "hand") == before)
    let replaced = try second.run()
    #expect(!FileManager.default.fileExists(atPath: replaced.factorsPath("test")))
    #expect(try RunInfluence(replaced).data.test.count == 0)
  }

  @Test("rows of features from elsewhere score as φ_x (ΦᵀΦ + λI)⁻¹ φ_i, exact and collected")
  func features() throws {
    let folder = try ScratchFolder()
    let (n, m, k) = (20, 4, 6)
    let (phi, query) = (Problem.values([n, k], seed: 8), Problem.values([m, k], seed: 9))
    for (name, rows) in [("train", phi), ("test", query)] {
      let file = try HDF5File(creating: folder / "\(name).h5")
      let count = rows.shape[0]
      try file.write([Float](repeating: 0, count: 2 * count), shape: [count, 2], to: "outputs")
      try file.write((0..<count).map { Int64($0 % 2) }, shape: [count], to: "labels")
      try file.write(rows.elements, shape: rows.shape, to: "left/margin/features")
      try file.close()
    }
    let influence = try RunInfluence(
      try FactorImport(
        name: "f", train: folder / "train.h5", test: folder / "test.h5",
        checkpointsFolder: folder / "Checkpoints"
      ).run())
    let request = ScoringRequest(
      method: .trak, exampleWeight: ExampleWeight(.none), damping: .value(0.7),
      dampingProfile: .uniform)
    func rows(_ tensor: Tensor) -> [[Double]] {
      (0..<tensor.shape[0]).map { i in (0..<k).map { Double(tensor[i, $0]) } }
    }
    let solved = Plain.products(
      rows(phi), Plain.inverse(Plain.damped(Plain.gram(rows(phi)), 0.7)))
    let expected = Plain.products(rows(query), solved).flatMap { $0 }
    let queries = influence.data.test
    let exact = try influence.ensemble(request).scores(queries).elements
    #expect(relativeDifference(exact, expected) < 1e-5)
    let work = try influence.collecting(
      for: .trak, projection: ProjectionChoice(kind: .identity, dimension: k))
    for part in work.parts { try part.collection.collect(influence.data.train, to: part.path) }
    var onFeatures = request
    onFeatures.kernel = .features
    let stored = try influence.ensemble(onFeatures).scores(queries).elements
    #expect(relativeDifference(stored, expected) < 1e-5)
    // Test features beside them are not taken for those of training examples of the same id.
    let test = try influence.collecting(
      for: .trak, projection: ProjectionChoice(kind: .identity, dimension: k), split: "test")
    for part in test.parts { try part.collection.collect(queries, to: part.path) }
    #expect(
      relativeDifference(
        try influence.ensemble(onFeatures).scores(queries).elements, expected) < 1e-5)
    for kernel in [ScoringRequest.Kernel.exact, .features] {
      let own = try influence.ensemble(
        ScoringRequest(method: .graddot, outputFunction: .margin, kernel: kernel)
      ).selfInfluence()
      let halves = rows(phi).map { 0.5 * Plain.dot($0, $0) }
      #expect(relativeDifference(own, halves) < 1e-5)
    }
  }

  @Test("what h5py wrote scores as full gradients in double do")
  func fixtureFile() throws {
    struct Scores: Decodable { let graddot: [[Double]] }
    let folder = try ScratchFolder()
    let run = try FactorImport(
      name: "numpy", train: fixture("Factors/train.h5"), test: fixture("Factors/test.h5"),
      checkpointsFolder: folder.path
    ).run()
    let influence = try RunInfluence(run)
    #expect(influence.data.test.ids.first == .name("q0"))
    #expect(influence.data.train.classNames == ["ant", "bee", "cat"])
    #expect(run.record.parameters.map(\.name) == ["fc1", "fc2"])
    let found = try influence.ensemble(ScoringRequest(method: .graddot))
      .scores(influence.data.test).elements
    let expected: Scores = try Fixture.load("Factors/scores.json")
    #expect(relativeDifference(found, expected.graddot.flatMap { $0 }) < 1e-5)
    #expect(try influence.resolved().options.method == .trajectory)
    #expect(try influence.resolved().options.exampleWeight == ExampleWeight(.leaveOneOut))
  }

  @Test("what is scored by default follows from what was differentiated")
  func defaults() throws {
    let folder = try ScratchFolder()
    func influence(_ function: String) throws -> RunInfluence {
      let path = folder / "\(function).h5"
      let file = try HDF5File(creating: path)
      try file.write([Float](repeating: 0.5, count: 6), shape: [3, 2], to: "outputs")
      try file.write([Int64](arrayLiteral: 0, 1, 1), shape: [3], to: "labels")
      try file.write([Float](arrayLiteral: 1, 2, 3), shape: [3, 1], to: "left/\(function)/w")
      try file.close()
      return try RunInfluence(
        try FactorImport(
          name: function, train: path, test: path, checkpointsFolder: folder.path
        ).run())
    }
    let margin = try influence("margin").resolved().options
    #expect(margin.method == .trak && margin.outputFunction == .margin)
    #expect(margin.exampleWeight == ExampleWeight(.final))
    let loss = try influence("loss")
    let open = try loss.resolved().options
    #expect(open.method == .trak && open.outputFunction == .loss)
    #expect(try loss.ensemble().scores(loss.data.test).count == 9)
    #expect(try loss.resolved(ScoringRequest(method: .graddot)).options.outputFunction == .loss)
    #expect(throws: GradientError.self) {
      try loss.ensemble(ScoringRequest(outputFunction: .margin)).scores(loss.data.test)
    }
  }
}
