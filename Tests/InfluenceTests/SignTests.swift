import Datasets
import Gradients
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Signs")
struct SignTests {
  /// Two overlapping clouds of points; binary logistic regression on them is smooth and convex.
  static func clouds(_ n: Int, seed: UInt64) -> Dataset {
    let inputs = Problem.values([n, 3], seed: seed)
    let labels = (0..<n).map { Int32($0 % 2) }
    for i in 0..<n {
      for j in 0..<2 { inputs.storage.base[i * 3 + j] += labels[i] == 0 ? 0.7 : -0.7 }
    }
    return Dataset(inputs: inputs, targets: .classes(labels, names: ["a", "b"]))
  }

  /// Logistic regression with a little weight decay, by full-batch descent to the minimum.
  static func trained(_ data: Dataset, steps: Int = 400) throws -> GradientSource {
    let network = Network.multilayerPerceptron(inputShape: [3], hidden: [], outputs: 2)
    var w = Tensor(repeating: 0, shape: [network.parameterCount])
    let targets = TargetValues(data.targets)
    for _ in 0..<steps {
      let gradient = try network.lossGradient(
        data.inputs, targets, parameters: w, loss: .crossEntropy, scale: 1 / Double(data.count)
      ).parameters
      w = w - (gradient + w.scaled(by: 0.01))
    }
    return GradientSource(network: network, parameters: w)
  }

  static func margin(_ source: GradientSource, _ query: Dataset) -> Float {
    OutputFunction.margin.values(source.outputs(of: query), TargetValues(query.targets))[0]
  }

  @Test(
    "the query itself helps, and with a wrong label it harms",
    arguments: MethodTable.signed, [UInt64(0), 1, 2])
  func twin(method: Influence.Method, seed: UInt64) throws {
    let base = Problem.classes(30, seed: seed)
    let source = Problem.source(seed: seed + 7)
    guard var classes = base.classes else { return }
    // Examples 0 and 1 have the same input, the second with another label.
    let inputs = base.inputs
    var twins = inputs
    for j in 0..<4 { twins[1 * 4 + j] = inputs[j] }
    classes[1] = (classes[0] + 1) % 3
    let data = Dataset(inputs: twins, targets: .classes(classes, names: base.classNames))
    let scores = try Problem.model([source], data, method).scores(data.subset([0]))
    #expect(scores[0, 0] > 0)
    #expect(scores[0, 1] < 0)
  }

  @Test(
    "numbers: an example like the query helps when it pulls the prediction up",
    arguments: [Influence.Method.trak, .ntkLeaveOneOut, .trajectory])
  func numbers(method: Influence.Method) throws {
    let base = Problem.numbers(30, seed: 3)
    guard case .values(var targets) = base.targets else { return }
    var inputs = base.inputs
    for j in 0..<4 { inputs[1 * 4 + j] = inputs[j] }
    (targets[0], targets[1]) = (30, -30)
    let data = Dataset(inputs: inputs, targets: .values(targets))
    let scores = try Problem.model([Problem.source(outputs: 1, seed: 3)], data, method)
      .scores(data.subset([0]))
    #expect(scores[0, 0] > 0)
    #expect(scores[0, 1] < 0)
  }

  @Test(
    "retrained without its best example a query's margin falls, without its worst it rises",
    // freeshap is a mean over sets of all sizes: what harms in small ones need not at the whole.
    arguments: MethodTable.signed.filter { $0 != .freeShap })
  func retrained(method: Influence.Method) throws {
    let data = Self.clouds(30, seed: 11)
    let source = try Self.trained(data)
    let queries = Self.clouds(4, seed: 12)
    let model = try Problem.model(
      [source], data, method, function: .margin,
      damping: .timesMeanEigenvalue(0.05))
    for q in 0..<queries.count {
      let query = queries.subset([q])
      let row = try model.scores(query).row(0)
      var top = TopExamples(limit: 1)
      for (i, score) in row.enumerated() { top.take(row: i, score: score) }
      let before = Self.margin(source, query)
      let helpful = try #require(top.highest.first?.row)
      let harmful = try #require(top.lowest.first?.row)
      let without = { (i: Int) in
        Self.margin(try Self.trained(data.subset((0..<30).filter { $0 != i })), query)
      }
      #expect(try without(helpful) < before, "query \(q)")
      #expect(try without(harmful) > before, "query \(q)")
    }
  }
}
