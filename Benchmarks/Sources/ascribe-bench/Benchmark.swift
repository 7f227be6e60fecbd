/// One benchmark: a name for `--only`, and what measures.
struct Benchmark: Sendable {
  /// The name on the command line.
  let name: String
  /// What is measured, in one line.
  let summary: String
  /// Measures; a row a figure.
  let run: @Sendable (Bench) throws -> [BenchmarkRow]

  /// All of them, in the order in which they run.
  static let all: [Benchmark] = [
    sgemm, trainingStep, cnn, resnet9Step, transformerStep, encoder, resnet18, curvature, magic,
    transformerCollecting,
    bank,
    sequenceBank, components, collecting, saving, exactTRAK, landmarks,
    ntkLeaveOneOut, denseProjection, storeFiles, storeQuery, preconditioner, peakMemory, scaling,
  ]
}

/// What every benchmark is run with.
struct Bench: Sendable {
  /// Fewer repeats.
  let isQuick: Bool
  /// Workers that measure.
  let threads: Int
  /// The folder of the repository, for the scripts it compares with.
  let root: String
  /// A folder for files, removed afterwards.
  let scratch: String

  /// Rounds of a benchmark whose round takes about a second.
  func rounds(_ usual: Int) -> Int { isQuick ? max(1, usual / 3) : usual }
}

/// One figure of the table.
struct BenchmarkRow: Encodable, Sendable {
  let name: String
  /// Nil when it could not be measured; `reference` then says why.
  var value: Double?
  let unit: String
  /// What it is compared with.
  var reference: String
  /// Value against reference; which way round is in `goal` and the benchmark's summary.
  var ratio: Double?
  /// Such as `≤ 2.5`; empty for figures without one.
  var goal = ""
  /// Nil without a goal or a ratio.
  var met: Bool?

  /// A figure without a goal.
  init(
    _ name: String, _ value: Double?, _ unit: String, reference: String = "", ratio: Double? = nil
  ) {
    (self.name, self.value, self.unit) = (name, value, unit)
    (self.reference, self.ratio) = (reference, ratio)
  }

  /// A figure whose ratio is to be at most a bound.
  func atMost(_ bound: Double) -> BenchmarkRow {
    judged("≤ \(bound)") { $0 <= bound }
  }

  /// A figure whose ratio is to be at least a bound.
  func atLeast(_ bound: Double) -> BenchmarkRow {
    judged("≥ \(bound)") { $0 >= bound }
  }

  private func judged(_ goal: String, _ isMet: (Double) -> Bool) -> BenchmarkRow {
    var row = self
    row.goal = goal
    row.met = ratio.map(isMet)
    return row
  }

  private enum Key: String, CodingKey { case name, value, unit, reference, ratio, goal, met }

  /// Every field stands there; what is not known is null.
  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(name, forKey: .name)
    try fields.encode(value, forKey: .value)
    try fields.encode(unit, forKey: .unit)
    try fields.encode(reference, forKey: .reference)
    try fields.encode(ratio, forKey: .ratio)
    try fields.encode(goal, forKey: .goal)
    try fields.encode(met, forKey: .met)
  }
}
