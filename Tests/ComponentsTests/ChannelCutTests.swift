import Components
import Datasets
import Models
import Networks
import Randomness
import Storage
import TestSupport
import Tensors
import Testing

/// A model of images or rows whose channels can be cut.
private enum CutFamily: String, CaseIterable, CustomTestStringConvertible {
  case mlp, cnn, batchNorm, resnet, resnet9

  var testDescription: String { rawValue }

  private static let image = ImageShape(channels: 2, height: 12, width: 12)
  var inputShape: [Int] { self == .mlp ? [6] : [2, 12, 12] }

  var model: any ModelFamily {
    switch self {
    case .mlp: MLPModel(hidden: [7, 5], activation: .gelu)
    case .cnn: CNNModel(channels: [5, 6], hidden: [7])
    case .batchNorm: CNNModel(channels: [5, 6], normalisation: .batch)
    case .resnet: ResNetModel(blocks: 2, width: 4)
    case .resnet9: ResNet9Model(width: 3)
    }
  }

  func network(_ model: any ModelFamily) throws -> Network {
    try #require(model.network(inputShape: inputShape, outputs: 3))
  }

  /// Weights, shifts and running statistics that all matter.
  func parameters(_ network: Network) -> Tensor {
    let theta = network.initialParameters(seed: 4)
    let noise = Tensor(uninitialized: theta.shape)
    RandomStream(seed: 8, purpose: .split, index: 2)
      .fillGaussian(noise.storage.base, count: noise.count, scale: 0.2)
    for parameter in network.parameters {
      for place in parameter.range {
        let value = noise.storage.base[place]
        noise.storage.base[place] = parameter.name.hasSuffix("running_var") ? abs(value) : value
      }
    }
    return theta + noise
  }

  var inputs: Tensor {
    let x = Tensor(uninitialized: [4] + inputShape)
    RandomStream(seed: 5, purpose: .split, index: 1)
      .fillGaussian(x.storage.base, count: x.count, scale: 1)
    return x
  }
}

@Suite("Cutting channels out")
struct ChannelCutTests {
  /// The largest difference, in the largest output.
  private func difference(_ a: Tensor, _ b: Tensor) -> Float {
    let largest = a.elements.reduce(1) { max($0, abs($1)) }
    return zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
  }

  @Test(
    "A smaller network gives the outputs of the masked one", arguments: CutFamily.allCases,
    [0.2, 0.6])
  fileprivate func same(family: CutFamily, share: Double) throws {
    let model = family.model
    let network = try family.network(model)
    let theta = family.parameters(network)
    let set = try ComponentSet(network)
    let cut = try ChannelCut(set, of: network)
    #expect(cut.obstacles.isEmpty)
    #expect(Set(cut.units.flatMap(\.places)).count == set.count)
    let order = RandomStream(seed: 3, purpose: .split, index: 9).permutation(of: cut.units.count)
    let gone = cut.least(order.map { Double($0) }, share: share)
    let names = gone.flatMap(\.places).map { set.components[$0].name }
    let small = try family.network(
      try #require(model.narrowed(to: cut.widths(without: gone))))
    let left = cut.parameters(theta, without: gone)
    #expect(small.parameterCount == left.count && left.count < theta.count)
    let edit = ComponentEdit(
      run: "r", checkpoint: "c", model: "m", ablation: .zero, removed: names)
    let masks = try edit.masks(of: network, parameters: theta, reference: nil, file: "e")
    let whole = try network.outputs(family.inputs, parameters: theta)
    let masked = try network.outputs(family.inputs, parameters: theta, ablation: masks(4))
    let found = try small.outputs(family.inputs, parameters: left)
    #expect(difference(masked, found) < 1e-5)
    #expect(difference(whole, found) > 1e-3)
  }

  @Test("The least valuable go, as many of each kind as the share, of every layer one stays")
  func order() throws {
    let network = try CutFamily.cnn.network(CutFamily.cnn.model)
    let cut = try ChannelCut(try ComponentSet(network), of: network)
    // 11 filters and 7 neurons; the first layer's are the least valuable.
    let gone = cut.least(cut.units.indices.map { Double($0) }, share: 0.6)
    #expect(gone.map(\.places) == [[11], [12], [13], [14], [0], [1], [2], [3], [5], [6], [7]])
    #expect(cut.widths(without: gone) == [1, 3, 3])
    #expect(cut.least(cut.units.map { _ in 0 }, share: 0.01).isEmpty)
  }

  @Test("What all that is cut does together decides, not what each does alone")
  func together() throws {
    let model = MLPModel(hidden: [6])
    let network = try #require(model.network(inputShape: [2], outputs: 2))
    let cut = try ChannelCut(try ComponentSet(network), of: network)
    // Both examples alike: one channel hinders, the three that do least alone all help.
    let effects: [Float] = [1, 1, 1, -1.5, 2, 2]
    let tau = Matrix(effects + effects, rows: 2, columns: 6)
    let alone = cut.least(effects.map { Double(abs($0)) }, share: 0.5)
    #expect(alone.map(\.places) == [[0], [1], [2]])
    let now: [Float] = [1.5, 1.5]
    let margins = cut.next(after: [], tau: tau, now: now, whole: nil, share: 0.5)
    #expect(margins.map(\.places) == [[3], [0], [1]])
    // Without classes outputs are to be where they were: 1, then 1 − 1.5.
    let change = cut.next(after: [], tau: tau, now: now, whole: now, share: 0.5)
    #expect(change.map(\.places) == [[0], [3], [1]])
    let later = cut.next(
      after: [margins[0]], tau: tau, now: [3, 3], whole: nil, share: 0.5)
    #expect(later == [margins[1], margins[2]])
    #expect(cut.next(after: margins, tau: tau, now: now, whole: nil, share: 0.5).isEmpty)
  }

  @Test("Channels that a residual sum joins go together")
  func tied() throws {
    let network = try CutFamily.resnet.network(CutFamily.resnet.model)
    let set = try ComponentSet(network)
    let cut = try ChannelCut(set, of: network)
    #expect(
      cut.tied == [
        ["conv1.filter", "layer1.0.filter", "layer1.1.filter"],
        ["layer2.0.filter", "layer2.1.filter"], ["layer3.0.filter", "layer3.1.filter"],
      ])
    #expect(
      cut.units[0].places.map { set.components[$0].name } == [
        "conv1.filter.0", "layer1.0.filter.0", "layer1.1.filter.0",
      ])
    let part = try ChannelCut(
      try ComponentSet(network, patterns: LayerPatterns(["conv1", "layer1.0.conv1"])), of: network)
    #expect(part.obstacles.map(\.name) == ["conv1.filter"])
    #expect(part.units.count == 4)
    #expect(part.tied.isEmpty)
  }

  @Test("What cannot be cut says why")
  func obstacles() throws {
    let model = CNNModel(channels: [8], hidden: [5], normalisation: .group)
    let network = try #require(model.network(inputShape: [2, 12, 12], outputs: 3))
    let cut = try ChannelCut(try ComponentSet(network), of: network)
    #expect(cut.obstacles.map(\.name) == ["0.filter"])
    #expect(
      cut.obstacles.map(\.reason) == ["a norm takes its statistics over several of them"])
    #expect(cut.units.allSatisfy { $0.kind == .neuron } && cut.units.count == 5)
    let gpt = try ComponentFamily.gpt2.network()
    #expect(
      diagnosed { _ = try ChannelCut(try ComponentSet(gpt, kinds: [.head]), of: gpt) }?.what
        .hasPrefix("none of the components can be cut out") == true)
  }
}

@Suite("Baking edits")
struct BakedEditTests {
  private func check(
    _ network: Network, _ theta: Tensor, _ x: Tensor, _ ablation: Ablation, _ names: [String],
    reference: Dataset
  ) throws {
    let edit = ComponentEdit(
      run: "r", checkpoint: "c", model: "m", ablation: ablation, removed: names)
    let masks = try edit.masks(of: network, parameters: theta, reference: reference, file: "e")
    let baked = try edit.baked(
      into: network, parameters: theta, reference: reference, file: "e")
    let masked = try network.outputs(x, parameters: theta, ablation: masks(x.shape[0])).elements
    let found = try network.outputs(x, parameters: baked).elements
    let largest = max(1, masked.map(abs).max() ?? 0)
    let apart = zip(masked, found).map { abs($0 - $1) }.max() ?? 0
    #expect(apart < 1e-5 * largest, "\(names), \(ablation)")
    let whole = try network.outputs(x, parameters: theta).elements
    #expect(whole != found, "\(names), \(ablation)")
  }

  private static let taken: [ComponentFamily: [[String]]] = [
    .mlp: [["0.neuron.1", "0.neuron.3", "2.neuron.0"], ["2.layer"]],
    .cnn: [["0.filter.1", "3.filter.0", "7.neuron.2"]],
    .resnet: [
      ["conv1.filter.0", "layer1.0.conv1.filter.1"], ["layer1.1.filter.0", "layer2.0.filter.3"],
      ["conv1.filter.1", "layer1.0.filter.1"], ["layer2.1.block"],
    ],
    .resnet9: [
      ["1.0.filter.1", "2.module.0.0.filter.0", "6.0.filter.2"], ["2.module.1.0.filter.1"],
    ],
    .vit: [], .bert: [], .gpt2: [], .llama: [],
  ]

  @Test("What is 0 without a component is 0 in the weights", arguments: ComponentFamily.allCases)
  func zero(family: ComponentFamily) throws {
    let network = try family.network()
    let theta = family.parameters(network)
    var sets = BakedEditTests.taken[family] ?? []
    if sets.isEmpty {
      // Of transformers one of each kind that is not a layer.
      let all = try ComponentSet(network, kinds: [.neuron, .head, .attention, .mlp])
      sets = all.kinds.map { kind in
        all.components.filter { $0.kind == kind }.suffix(1).map(\.name)
      }
    }
    for names in sets {
      try check(network, theta, family.inputs, .zero, names, reference: family.queries)
    }
  }

  @Test(
    "Means and shares go into weights where they can",
    arguments: [
      (ComponentFamily.mlp, ["0.neuron.1", "2.neuron.3"]), (.cnn, ["0.filter.1", "7.neuron.2"]),
      (.resnet, ["conv1.filter.0", "layer3.1.filter.2"]),
      (.resnet9, ["0.0.filter.1", "3.0.filter.3"]),
    ])
  func means(family: ComponentFamily, names: [String]) throws {
    let network = try family.network()
    let theta = family.parameters(network)
    try check(network, theta, family.inputs, .mean, names, reference: family.queries)
    if family == .mlp || family == .cnn {
      try check(network, theta, family.inputs, .scale(0.3), names, reference: family.queries)
    }
  }

  @Test("What weights cannot do is refused by the component's name")
  func refusals() throws {
    let network = try ComponentFamily.resnet.network()
    let theta = network.initialParameters(seed: 3)
    func error(_ names: [String], _ ablation: Ablation = .zero) -> ComponentError? {
      let edit = ComponentEdit(
        run: "r", checkpoint: "c", model: "m", ablation: ablation, removed: names)
      return diagnosed {
        _ = try edit.baked(
          into: network, parameters: theta, reference: ComponentFamily.resnet.queries, file: "e")
      } as? ComponentError
    }
    #expect(
      error(["layer1.0.filter.1"])?.what
        == "`layer1.0.filter.1` cannot be baked into the weights: neither what makes it nor what "
        + "reads it can be changed without changing more")
    #expect(
      error(["conv1.filter.1"], .scale(0.5))?.what
        == "`conv1.filter.1` cannot be baked into the weights: something goes around what reads it, "
        + "and only 0 and means can be held there")
    #expect(error(["conv1.filter.1"], .resample)?.what.contains("resample") == true)
  }
}
