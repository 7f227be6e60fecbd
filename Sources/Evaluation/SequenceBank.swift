// Letters: m test sequences, M subsets, S seeds, W targets of all test sequences together.
import Datasets
import Networks
import Storage
import Tensors
import Training

/// What a bank keeps of models of sequences.
///
/// Outputs at every position would be as many numbers as the vocabulary has tokens. Kept are, by
/// each function of `SequenceOutputs.functions`, f of every sequence (`margin` and so on, (M · S) ×
/// m) and, where it was asked for or is small, of every target (`margin.tokens`, (M · S) × W, the
/// sequences in order) with the token predicted in its place (`predicted.tokens`); `tokenCounts`, m
/// numbers.
struct SequenceBank: Sendable {
  /// The number of targets of each test sequence.
  let counts: [Int]
  private let sums: [OutputFunction: Matrix<Float>]
  private let tokens: [OutputFunction: CheckedRows]
  private let predicted: CheckedRows?

  /// Whether f of each token is kept.
  var keepsTokens: Bool { predicted != nil }

  static let countsName = "tokenCounts"
  static let predictedName = "predicted.tokens"

  /// The dataset of a function's values of every token.
  static func tokensName(_ function: OutputFunction) -> String { function.rawValue + ".tokens" }

  init(_ file: SealedFile, _ header: RetrainingBank.Header) throws {
    let damaged = EvaluationError.notABank(problem: "its shapes do not fit", file: file.path)
    func rows(_ name: String, width: Int) throws -> CheckedRows {
      let rows = try file.rows(name)
      guard rows.rowCount == header.models, rows.rowLength == width else { throw damaged }
      return rows
    }
    counts = try file.rows(SequenceBank.countsName).values(Int32.self).map { Int($0) }
    guard counts.count == header.testExamples, counts.allSatisfy({ $0 >= 0 }) else { throw damaged }
    let width = counts.reduce(0, +)
    var (sums, tokens) = ([OutputFunction: Matrix<Float>](), [OutputFunction: CheckedRows]())
    for function in SequenceOutputs.functions {
      let values = try rows(function.rawValue, width: header.testExamples)
      sums[function] = try values.matrix(0..<header.models)
      if header.keepsTokens == true {
        tokens[function] = try rows(SequenceBank.tokensName(function), width: width)
      }
    }
    (self.sums, self.tokens) = (sums, tokens)
    predicted =
      header.keepsTokens == true ? try rows(SequenceBank.predictedName, width: width) : nil
  }

  /// f of every query under every model, (M · S) × queries.
  func values(
    of function: OutputFunction, _ queries: EvaluationQueries, file: String
  ) throws -> Matrix<Float> {
    guard let kept = SequenceOutputs.kept(function), let sums = sums[kept],
      queries.test.count == sums.columns
    else {
      throw EvaluationError.notABank(
        problem: "it has no \(function.rawValue) of these test examples", file: file)
    }
    guard queries.token != nil else {
      return queries.isWhole ? sums : sums.columns(queries.rows)
    }
    guard let rows = tokens[kept] else { throw EvaluationError.noTokenOutputs(file: file) }
    let columns = columns(queries)
    let values = try each(rows, Float.self) { row in columns.map { row[$0] } }
    return Matrix(values.flatMap { $0 }, rows: rows.rowCount, columns: columns.count)
  }

  /// The token that every model predicts in place of the one that is asked about, (M · S) ×
  /// queries.
  func predictions(of queries: EvaluationQueries, file: String) throws -> [[Int32]] {
    guard let predicted else { throw EvaluationError.noTokenOutputs(file: file) }
    let columns = columns(queries)
    return try each(predicted, Int32.self) { row in columns.map { row[$0] } }
  }

  /// The columns of the token that is asked about, one a query.
  private func columns(_ queries: EvaluationQueries) -> [Int] {
    var starts = [0]
    for count in counts { starts.append(starts[starts.count - 1] + count) }
    let token = queries.token ?? 1
    return queries.rows.map { starts[$0] + token - 1 }
  }

  /// Something of each model's row, one row in memory at a time.
  private func each<Scalar: HDF5Scalar, Result>(
    _ rows: CheckedRows, _: Scalar.Type, _ body: (UnsafeMutablePointer<Scalar>) -> Result
  ) throws -> [Result] {
    let row = Buffer<Scalar>(uninitialized: max(1, rows.rowLength))
    return try (0..<rows.rowCount).map { model in
      try rows.read(model..<model + 1, into: row.base, checks: .firstRead)
      return body(row.base)
    }
  }
}
