import Answers
import Curation
import Datasets
import Reports
import Storage
import Tensors

/// Writes weights of a run's training examples, which a run file's `training: {weights: FILE}` takes.
public struct WeightsJob: Sendable {
  /// How they are made.
  public var method: WeightingMethod
  /// s: 1 takes the method's own weights.
  public var strength = 1.0
  /// Of `trusted` the ids that are trusted: such as `3,17`, or `@FILE` with one a line.
  public var trusted: String?
  /// The table.
  public var out: String

  /// Weights by a method.
  public init(_ method: WeightingMethod, out: String) { (self.method, self.out) = (method, out) }

  /// Makes and writes them, whole or not at all.
  ///
  /// - Throws: `CurationError` for a request that means nothing; errors of what the method reads and of
  ///   the file.
  public func run(in session: Session) throws -> WeightsAnswer {
    guard strength > 0, strength <= 1 else {
      throw CurationError.request(
        problem: "a strength of \(strength) is not above 0 and at most 1", field: "‹strength›",
        remedy: "for instance ‹strength: 0.5›")
    }
    guard (method == .trusted) == (trusted != nil) else {
      throw CurationError.request(
        problem: method == .trusted
          ? "the method trusted weighs by examples that are trusted, and none is named"
          : "the method \(method.rawValue) trusts nobody", field: "‹trusted›",
        remedy: method == .trusted
          ? "write ids such as 3,17, or @FILE with one a line" : "leave ‹trusted› out")
    }
    let influence = try session.influence()
    let train = influence.data.train
    let rows = try trusted.map { try train.rows(named: $0, field: "‹trusted›") } ?? []
    let stage = session.control.stage("collecting features", unit: "rows")
    let sources = RunPruneSources(
      influence, control: session.control,
      collecting: { [control = session.control] done, total in
        try control.check()
        stage.update(done, of: total)
      })
    let weights = try method.weights(
      PruneContext(sources), strength: strength, trusted: rows)
    var table = CSVWriter(header: ["id", "weight"])
    for (id, weight) in zip(train.ids, weights) {
      table.append([id.description, CSVWriter.field(weight)])
    }
    try AtomicFile.write(table.text, to: out)
    return WeightsAnswer(
      run: influence.run.name, method: method, strength: strength, file: out, weights: weights)
  }
}
