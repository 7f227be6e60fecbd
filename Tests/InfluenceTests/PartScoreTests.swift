import Datasets
import Factors
import Foundation
import Gradients
import Networks
import Tensors
import TestSupport
import Testing

@testable import Influence

/// A score is the sum of its parts by layers and components of the network, each the score with the
/// query's gradient on that part alone.
@Suite("Scores by layer and component")
struct PartScoreTests {
  typealias Method = Influence.Method
  static let rows = [3, 0, 6, 5]

  /// A small network of a kind, with components that own rows or columns.
  struct Sample {
    let network: Network
    let training, queries: Dataset
    let parts: ParameterParts
    /// p values: the component of each parameter, by its name.
    let owners: [String?]

    init(_ kind: String) throws {
      switch kind {
      case "mlp":
        network = .multilayerPerceptron(
          inputShape: [4], hidden: [5], outputs: 3, activation: .tanh)
        (training, queries) = (Problem.classes(20, seed: 1), Problem.classes(3, seed: 2))
      case "cnn":
        network = try #require(
          .convolutional(
            image: ImageShape(channels: 2, height: 8, width: 8), channels: [3, 4], outputs: 3,
            normalisation: .group))
        (training, queries) = (
          Problem.classes(20, features: 128, seed: 1), Problem.classes(3, features: 128, seed: 2)
        )
      default:
        network = TokenScoreTests.network
        (training, queries) = (TokenScoreTests.training, TokenScoreTests.queries)
      }
      let named = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0) })
      func whose(
        _ count: Int, _ name: String, _ pieces: [(String, GradientPartition.Axis, Int, Int)]
      ) throws -> [(name: String, pieces: [ParameterParts.Piece])] {
        try (0..<count).map { unit in
          (
            "\(name).\(unit)",
            try pieces.map { parameter, axis, start, width in
              ParameterParts.Piece(
                try #require(named[parameter]), along: axis,
                lines: start + unit * width..<start + (unit + 1) * width)
            }
          )
        }
      }
      let pieces: [(name: String, pieces: [ParameterParts.Piece])]
      switch kind {
      case "mlp":
        pieces = try whose(5, "neuron", [("0.weight", .rows, 0, 1), ("0.bias", .rows, 0, 1)])
      case "cnn":
        let first = network.parameters[0]
        pieces = try whose(3, "filter", [(first.name, .rows, 0, 1)])
      default:
        let attention = "transformer.h.0.attn"
        pieces = try whose(
          2, "head",
          [0, 4, 8].flatMap { start in
            [
              ("\(attention).c_attn.weight", .columns, start, 2),
              ("\(attention).c_attn.bias", .rows, start, 2),
            ]
          } + [("\(attention).c_proj.weight", .rows, 0, 2)])
      }
      parts = try ParameterParts(
        layers: ParameterParts.layers(network.parameters), owners: pieces)
      var owners = [String?](repeating: nil, count: network.parameterCount)
      for (name, own) in pieces {
        for piece in own {
          let rows = piece.parameter.shape[0]
          let width = piece.parameter.count / rows
          for place in 0..<piece.parameter.count
          where piece.lines.contains(piece.axis == .rows ? place / width : place % width) {
            owners[piece.parameter.offset + place] = name
          }
        }
      }
      self.owners = owners
    }

    func source(_ seed: UInt64) -> GradientSource {
      GradientSource(network: network, parameters: network.initialParameters(seed: seed))
    }

    func model(
      _ method: Method, profile: DampingProfile = .uniform, damping: DampingRule = .standard,
      weight: ExampleWeight? = ExampleWeight(.final), sources: [UInt64] = [1, 2]
    ) throws -> Ensemble {
      try Ensemble(
        checkpoints: Problem.exact(sources.map { source($0) }, training, method),
        training: training,
        options: ScoringOptions(
          method: method, classification: true, exampleWeight: method.weighs ? weight : nil,
          damping: damping, dampingProfile: method.needsSolve ? profile : .uniform))
    }

    /// Of each training example, by component in the order of the map, and the rest.
    func masked(_ query: [Double], _ name: String?) -> [Double] {
      query.enumerated().map { owners[$0] == name ? $1 : 0 }
    }
  }

  private func expectSums(
    _ sample: Sample, _ model: Ensemble, _ query: Dataset, _ label: String
  ) throws {
    let scores = try model.scores(query, mean: query.count > 1).row(0)
    let cells = try model.partScores(query, rows: Self.rows, by: sample.parts.partition)
    let sums = (0..<cells.rows).map { sample.parts.sums(of: cells.row($0)) }
    let expected = Self.rows.map { scores[$0] }
    let byLayer = sums.map { $0.layers.reduce(0, +) }
    let byComponent = sums.map { $0.components.reduce($0.rest, +) }
    #expect(relativeDifference(byLayer, expected) < 1e-5, "layers, \(label)")
    #expect(relativeDifference(byComponent, expected) < 1e-5, "components, \(label)")
    #expect(sums.allSatisfy { $0.components.contains { $0 != 0 } && $0.rest != 0 })
  }

  @Test(
    "the parts sum to the score",
    arguments: ["mlp", "cnn"],
    [Method.graddot, .gradcos, .tracin, .trak, .ntkLeaveOneOut, .trajectory, .ekfac])
  func sums(kind: String, method: Method) throws {
    let sample = try Sample(kind)
    let model = try sample.model(method)
    for query in [sample.queries.subset([0]), sample.queries] {
      try expectSums(sample, model, query, "\(kind) \(method), \(query.count) queries")
    }
  }

  @Test(
    "the parts of sequences sum to the score",
    arguments: [Method.graddot, .gradcos, .tracin, .trak, .ekfac])
  func sequences(method: Method) throws {
    let sample = try Sample("gpt2")
    let model = try sample.model(method)
    for query in [sample.queries.subset([0]), sample.queries] {
      try expectSums(sample, model, query, "\(method), \(query.count) queries")
    }
  }

  @Test("the parts sum to the score where damping differs by example")
  func residualDamping() throws {
    for kind in ["mlp", "gpt2"] {
      let sample = try Sample(kind)
      try expectSums(
        sample, sample.model(.trak, profile: .residual), sample.queries.subset([0]), kind)
    }
  }

  @Test(
    "a part of graddot is the product of the gradients over the component's parameters",
    arguments: ["mlp", "cnn", "gpt2"])
  func plainDot(kind: String) throws {
    let sample = try Sample(kind)
    let source = sample.source(1)
    let model = try sample.model(.graddot, sources: [1])
    let query = sample.queries.subset([1])
    let own = try source.full(query, .loss)[0]
    let training = try source.full(sample.training, .loss)
    let cells = try model.partScores(query, rows: Self.rows, by: sample.parts.partition)
    for (place, row) in Self.rows.enumerated() {
      let found = sample.parts.sums(of: cells.row(place))
      let names = sample.parts.components.map(Optional.some) + [nil]
      let expected = names.map { Plain.dot(sample.masked(own, $0), training[row]) }
      #expect(relativeDifference(found.components + [found.rest], expected) < 1e-5)
    }
  }

  @Test("a part of trak is the masked query's kernel row, solved, by plain loops")
  func plainTRAK() throws {
    let sample = try Sample("mlp")
    let source = sample.source(1)
    let model = try sample.model(
      .trak, damping: .value(0.7), weight: ExampleWeight(.none), sources: [1])
    let query = sample.queries.subset([1])
    let own = try source.full(query, .margin)[0]
    let training = try source.full(sample.training, .margin)
    let inverse = Plain.inverse(Plain.damped(Plain.products(training, training), 0.7))
    let cells = try model.partScores(query, rows: Self.rows, by: sample.parts.partition)
    let names = sample.parts.components.map(Optional.some) + [nil]
    let solved = names.map { name in
      Plain.apply(inverse, training.map { Plain.dot(sample.masked(own, name), $0) })
    }
    for (place, row) in Self.rows.enumerated() {
      let found = sample.parts.sums(of: cells.row(place))
      #expect(relativeDifference(found.components + [found.rest], solved.map { $0[row] }) < 1e-5)
    }
  }

  @Test("a part of ntk-loo is the masked query's row of the trace kernel, by plain loops")
  func plainLeaveOneOut() throws {
    let sample = try Sample("mlp")
    let source = sample.source(1)
    let model = try sample.model(.ntkLeaveOneOut, damping: .value(0.7), sources: [1])
    let query = sample.queries.subset([1])
    let (own, training) = (try source.jacobian(query), try source.jacobian(sample.training))
    let (n, classes) = (sample.training.count, training.count)
    func kernel(_ a: [[Double]], _ b: Int) -> Double {
      (0..<classes).reduce(0) { $0 + Plain.dot(a[$1], training[$1][b]) } / Double(classes)
    }
    let gram = (0..<n).map { i in
      (0..<n).map { j in kernel(training.map { $0[i] }, j) }
    }
    let inverse = Plain.inverse(Plain.damped(gram, 0.7))
    guard case .classes(let labels, _) = sample.training.targets,
      case .classes(let asked, _) = query.targets
    else { return }
    let residuals = (0..<classes).map { c in
      let y = labels.map { Int($0) == c ? 1.0 : 0 }
      let mean = y.reduce(0, +) / Double(n)
      return Plain.apply(inverse, y.map { $0 - mean }).enumerated().map { $1 / inverse[$0][$0] }
    }
    // margin = z_y − log Σ_{k≠y} exp z_k.
    let z = try source.outputs(of: query).elements.map(Double.init)
    let label = Int(asked[0])
    let others = (0..<classes).filter { $0 != label }.reduce(0.0) { $0 + Foundation.exp(z[$1]) }
    let slopes = (0..<classes).map {
      $0 == label ? 1 : -Foundation.exp(z[$0]) / others
    }
    let cells = try model.partScores(query, rows: Self.rows, by: sample.parts.partition)
    let names = sample.parts.components.map(Optional.some) + [nil]
    let solved = names.map { name in
      let masked = own.map { sample.masked($0[0], name) }
      return Plain.apply(inverse, (0..<n).map { kernel(masked, $0) })
    }
    for (place, row) in Self.rows.enumerated() {
      let found = sample.parts.sums(of: cells.row(place))
      let step = (0..<classes).reduce(0.0) { $0 + slopes[$1] * residuals[$1][row] }
      #expect(
        relativeDifference(found.components + [found.rest], solved.map { $0[row] * step }) < 1e-5)
    }
  }

  @Test("over some layers alone the parts of the others are not there")
  func layers() throws {
    let sample = try Sample("mlp")
    let chosen = try sample.network.selecting(LayerPatterns(["0"]), place: "p")
    let parts = try ParameterParts(
      layers: ParameterParts.layers(chosen.selection?.parameters ?? []))
    #expect(parts.layers == ["0"] && parts.components.isEmpty)
    let source = GradientSource(
      network: chosen, parameters: sample.network.initialParameters(seed: 1))
    let model = try Problem.model([source], sample.training, .graddot)
    let query = sample.queries.subset([0])
    let cells = try model.partScores(query, rows: [2], by: parts.partition)
    let score = try model.scores(query)[0, 2]
    #expect(relativeDifference(parts.sums(of: cells.row(0)).layers, [score]) < 1e-5)
  }

  @Test("gradients that are made again block by block have the parts of those that are held")
  func blocks() throws {
    let sample = try Sample("mlp")
    let target = GradientSource.Target.output(.margin)
    let query = sample.queries.subset([0])
    let sums = TrainingSums.weighted(
      Matrix(Problem.values([2, sample.training.count], seed: 4)))
    for sums in [sums, .examples(Self.rows)] {
      let found = try [KernelGradients.standardBudget, 4_000].map { budget in
        try KernelGradients(
          of: sample.training, source: sample.source(1), target: target, budget: budget
        ).partSums(
          of: query, weights: [1], target: target, by: sample.parts.partition, sums
        ).elements
      }
      #expect(relativeDifference(found[1], found[0]) < 1e-6)
    }
  }

  @Test("features have no parts, and components that share weights are refused by name")
  func refusals() throws {
    let sample = try Sample("mlp")
    let folder = try ScratchFolder()
    let options = try ScoringOptions(method: .graddot, classification: true, exampleWeight: nil)
    let model = try Problem.features([sample.source(1)], sample.training, options, in: folder.path)
    let error = diagnosed {
      _ = try model.partScores(
        sample.queries.subset([0]), rows: [0], by: sample.parts.partition)
    }
    #expect(
      error?.what == "a score by component is not defined here: features and steps are "
        + "projections, which mix the parameters of all components")
    #expect(error?.location == "‹kernel›")
    let weight = sample.network.parameters[0]
    let shared = diagnosed {
      _ = try ParameterParts(
        layers: ParameterParts.layers(sample.network.parameters),
        owners: [
          ("a", [ParameterParts.Piece(weight, along: .rows, lines: 0..<2)]),
          ("b", [ParameterParts.Piece(weight, along: .rows, lines: 1..<3)]),
        ])
    }
    let crossing = diagnosed {
      _ = try ParameterParts(
        layers: ParameterParts.layers(sample.network.parameters),
        owners: [
          ("a", [ParameterParts.Piece(weight, along: .rows, lines: 0..<2)]),
          ("b", [ParameterParts.Piece(weight, along: .columns, lines: 1..<3)]),
        ])
    }
    for error in [shared, crossing] {
      #expect(
        error?.what == "a score by component is not defined here: a and b share weights, which "
          + "would count twice")
    }
  }
}
