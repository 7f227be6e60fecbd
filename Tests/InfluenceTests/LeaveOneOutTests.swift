import Datasets
import Gradients
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("ntk-loo")
struct LeaveOneOutTests {
  /// Kernel, centred targets (columns) and the query rows of the trace kernel, in double.
  struct Regression {
    let kernel: Plain.Rows
    let query: Plain.Rows
    let targets: Plain.Rows
    let means: [Double]
    let damping: Double

    init(_ source: GradientSource, _ data: Dataset, _ queries: Dataset) throws {
      let (all, asked) = (try source.jacobian(data), try source.jacobian(queries))
      let classes = Double(all.count)
      func sum(_ a: [[[Double]]], _ b: [[[Double]]]) -> Plain.Rows {
        let parts = zip(a, b).map { Plain.products($0, $1) }
        return a[0].indices.map { i in
          b[0].indices.map { j in parts.reduce(0) { $0 + $1[i][j] } / classes }
        }
      }
      kernel = sum(all, all)
      query = sum(asked, all)
      var columns: Plain.Rows
      switch data.targets {
      case .classes(let labels, let names):
        columns = names.indices.map { c in labels.map { Int($0) == c ? 1.0 : 0 } }
      case .values(let values), .tokens(let values, _):
        columns = [values.elements.map(Double.init)]
      }
      means = columns.map { $0.reduce(0, +) / Double($0.count) }
      for (c, mean) in means.enumerated() { columns[c] = columns[c].map { $0 - mean } }
      targets = columns
      damping = Plain.trace(kernel) / Double(data.count)
    }

    func prediction(_ c: Int, without i: Int?, at row: [Double]) -> Double {
      Plain.ridge(
        kernel: kernel, targets: targets[c], rows: kernel.indices.filter { $0 != i },
        damping: damping, query: row)
    }
  }

  static let seeds: [UInt64] = [0, 1, 2]

  @Test(
    "leave-one-out residuals are those of the model fitted without the example",
    arguments: seeds)
  func residuals(seed: UInt64) throws {
    let data = Problem.classes(24, seed: seed)
    let fit = try Regression(Problem.source(seed: seed), data, data)
    let kernel = Matrix(fit.kernel.flatMap { $0.map { Float($0) } }, rows: 24, columns: 24)
    let ridge = try KernelRidge(kernel: kernel, damping: fit.damping)
    let residuals = ridge.leaveOneOutResiduals(
      targets: Matrix(Plain.transposed(fit.targets).flatMap { $0 }, rows: 24, columns: 3),
      inverseDiagonal: ridge.inverseDiagonal())
    let expected = (0..<24).flatMap { i in
      (0..<3).map { fit.targets[$0][i] - fit.prediction($0, without: i, at: fit.kernel[i]) }
    }
    #expect(relativeDifference(residuals.elements, expected) < 1e-6)
  }

  @Test(
    "a score is the change of the outputs without the example, along ∂f/∂z",
    arguments: seeds, [OutputFunction.margin, .loss])
  func scores(seed: UInt64, function: OutputFunction) throws {
    let data = Problem.classes(20, seed: seed)
    let queries = Problem.classes(5, seed: seed + 50)
    let source = Problem.source(seed: seed)
    let fit = try Regression(source, data, queries)
    let slopes = function.gradient(source.outputs(of: queries), TargetValues(queries.targets))
    let expected = fit.query.enumerated().map { q, row in
      let all = (0..<3).map { fit.prediction($0, without: nil, at: row) }
      return (0..<20).map { i in
        (0..<3).reduce(0.0) {
          $0 + (all[$1] - fit.prediction($1, without: i, at: row)) * Double(slopes[q, $1])
        }
      }
    }
    let model = try Problem.model([source], data, .ntkLeaveOneOut, function: function)
    #expect(
      relativeDifference(try model.scores(queries).elements, expected.flatMap { $0 }) < 1e-5)
    let mean = Plain.transposed(expected).map { $0.reduce(0, +) / Double(queries.count) }
    #expect(relativeDifference(try model.scores(queries, mean: true).elements, mean) < 1e-5)
    let own = try model.scores(data)
    #expect(
      relativeDifference(
        try model.selfInfluence(), (0..<20).map { own[$0, $0] }) < 1e-5)
  }

  @Test("leave-one-out margins are those of the refitted model's prediction", arguments: seeds)
  func margins(seed: UInt64) throws {
    let data = Problem.classes(24, seed: seed)
    let source = Problem.source(seed: seed)
    let fit = try Regression(source, data, data)
    let classes = try #require(data.classes)
    let expected = classes.enumerated().map { i, y in
      let z = (0..<3).map {
        fit.prediction($0, without: i, at: fit.kernel[i]) + fit.means[$0]
      }
      return z[Int(y)] - (z.indices.filter { $0 != Int(y) }.map { z[$0] }.max() ?? 0)
    }
    let model = try Problem.model([source], data, .ntkLeaveOneOut)
    #expect(relativeDifference(try model.leaveOneOutMargins(), expected) < 1e-5)
  }

  @Test("margins hold one checkpoint at a time, scores all that fit")
  func memory() throws {
    let data = Problem.classes(24, seed: 1)
    let sources = [Problem.source(seed: 1), Problem.source(seed: 2)]
    let model = try Problem.model(sources, data, .ntkLeaveOneOut)
    let margins = try model.leaveOneOutMargins()
    #expect(model.prepared.withLock { $0.isEmpty })
    _ = try model.scores(data)
    #expect(model.prepared.withLock { $0.count } == 2)
    #expect(try model.leaveOneOutMargins() == margins)
  }

  @Test("numbers: scores, residual weights and margins by refits", arguments: seeds)
  func regression(seed: UInt64) throws {
    let data = Problem.numbers(20, seed: seed)
    let queries = Problem.numbers(4, seed: seed + 50)
    let source = Problem.source(outputs: 1, seed: seed)
    let fit = try Regression(source, data, queries)
    let expected: [Double] = fit.query.flatMap { row in
      (0..<20).map {
        fit.prediction(0, without: nil, at: row) - fit.prediction(0, without: $0, at: row)
      }
    }
    let model = try Problem.model([source], data, .ntkLeaveOneOut, function: .prediction)
    #expect(relativeDifference(try model.scores(queries).elements, expected) < 1e-5)
    let left = (0..<20).map {
      fit.targets[0][$0] - fit.prediction(0, without: $0, at: fit.kernel[$0])
    }
    #expect(relativeDifference(try model.leaveOneOutMargins(), left.map { -$0 * $0 }) < 1e-5)
    let weighted = try Problem.model([source], data, .trak, weight: ExampleWeight(.leaveOneOut))
    #expect(relativeDifference(try weighted.weights(), left) < 1e-5)
  }

  @Test("for linear ridge regression the formula is the refit in weight space", arguments: seeds)
  func linear(seed: UInt64) throws {
    let data = Problem.numbers(25, features: 3, seed: seed)
    let queries = Problem.numbers(6, features: 3, seed: seed + 50)
    let source = Problem.source(features: 3, hidden: [], outputs: 1, seed: seed)
    func rows(_ set: Dataset) -> Plain.Rows {
      (0..<set.count).map { i in (0..<3).map { Double(set.inputs[i, $0]) } + [1] }
    }
    guard case .values(let t) = data.targets else { return }
    let (x, asked) = (rows(data), rows(queries))
    let mean = t.elements.reduce(0) { $0 + Double($1) } / 25
    let damping = 0.7
    func outputs(without i: Int?) -> [Double] {
      let kept = (0..<25).filter { $0 != i }
      let gram = Plain.gram(kept.map { x[$0] })
      let moments = Plain.transposed(x).map { column in
        kept.reduce(0.0) { $0 + column[$1] * (Double(t[$1, 0]) - mean) }
      }
      let w = Plain.apply(Plain.inverse(Plain.damped(gram, damping)), moments)
      return asked.map { Plain.dot($0, w) }
    }
    let all = outputs(without: nil)
    let expected: Plain.Rows = Plain.transposed(
      (0..<25).map { i in zip(all, outputs(without: i)).map { $0 - $1 } })
    let model = try Problem.model(
      [source], data, .ntkLeaveOneOut, function: .prediction, damping: .value(damping))
    #expect(
      relativeDifference(try model.scores(queries).elements, expected.flatMap { $0 }) < 1e-5)
  }
}
