import Networks
import Tensors
import TestSupport
import Testing

/// What can be ablated in each family, how it is called, and what is wrong with masks.
@Suite("Components")
struct ComponentTests {
  private func listing(_ network: Network) -> [String] {
    network.components.map { "\($0) \($0.units)×\($0.unitWidth)" }
  }

  /// Kind, path, units and their width, one transformer's layer.
  private static func layer(
    _ name: String, attention: String, keyHeads: Int = 2, neurons: (path: String, count: Int),
    mlp: String
  ) -> [String] {
    [
      "query \(attention) 2×2", "key \(attention) \(keyHeads)×2",
      "value \(attention) \(keyHeads)×2",
      "head \(attention) 2×2", "attention \(attention) 1×4",
      "neuron \(neurons.path) \(neurons.count)×1", "mlp \(mlp) 1×4", "layer \(name) 1×4",
    ]
  }

  private static func channels(_ path: String, _ count: Int) -> [String] {
    ["filter \(path) \(count)×1", "layer \(path) 1×\(count)"]
  }

  private static func neurons(_ path: String, _ count: Int) -> [String] {
    ["neuron \(path) \(count)×1", "layer \(path) 1×\(count)"]
  }

  private static func expected(_ family: Family) -> [String] {
    switch family {
    case .mlp: return neurons("0", 5) + neurons("2", 4)
    case .cnn: return channels("0", 3) + channels("4", 4) + neurons("9", 5)
    case .gpt2:
      return (0..<2).map { "transformer.h.\($0)" }.flatMap {
        layer($0, attention: $0 + ".attn", neurons: ($0 + ".mlp.c_fc", 16), mlp: $0 + ".mlp")
      }
    case .llama:
      return (0..<2).map { "model.layers.\($0)" }.flatMap {
        layer(
          $0, attention: $0 + ".self_attn", keyHeads: 1, neurons: ($0 + ".mlp", 6),
          mlp: $0 + ".mlp")
      }
    case .bert, .vit:
      return (0..<2).map { "\(family.rawValue).encoder.layer.\($0)" }.flatMap {
        layer(
          $0, attention: $0 + ".attention",
          neurons: ($0 + ".intermediate.dense", family == .bert ? 6 : 16), mlp: $0)
      }
    case .images: return channels("a", 3) + channels("b.c", 3) + ["block b 1×3"]
    case .resnet:
      return channels("conv1", 2)
        + (0..<3).flatMap { stage in
          let (name, width) = ("layer\(stage + 1).0", 2 << stage)
          return channels(name + ".conv1", width) + ["block \(name) 1×\(width)"]
            + channels(name, width)
        }
    case .resnet9:
      var all = channels("0.0", 2) + channels("1.0", 4)
      all += channels("2.module.0.0", 4) + channels("2.module.1.0", 4)
      all += ["block 2.module 1×4"] + channels("3.0", 8)
      all += channels("5.module.0.0", 8) + channels("5.module.1.0", 8)
      return all + ["block 5.module 1×8"] + channels("6.0", 4)
    }
  }

  @Test("each family has its points, parts before the whole", arguments: Family.allCases)
  func listings(_ family: Family) {
    #expect(listing(family.network()) == Self.expected(family))
  }

  @Test(
    "a kind and a path name one group, a point one too, and weights lie on the path",
    arguments: Family.allCases)
  func names(_ family: Family) {
    let network = family.network(dropout: 0.1)
    let groups = network.components
    #expect(Set(groups.map(\.description)).count == groups.count)
    #expect(Set(groups.map(\.point)) == Set(0..<groups.count))
    for group in groups {
      #expect(network.parameters.contains { $0.name.hasPrefix(group.path + ".") }, "\(group)")
    }
    #expect(Set(groups.map(\.kind.isWhole)) == [true, false])
  }

  @Test(
    "points of wholes leave the draws of dropout as they were before there were any",
    arguments: [
      (Family.mlp, 4.11557100713253), (.cnn, -0.8140643835067749), (.vit, 2.2283410876989365),
      (.bert, -0.05254819244146347), (.gpt2, 4.521272172452882),
    ])
  func draws(_ family: Family, _ expected: Double) {
    let network = family.network(dropout: 0.5)
    let theta = family.parameters(network)
    let pass = network.pass(
      theta, batch: Family.batch, for: .outputs, dropout: DropoutDraws(seed: 1, step: 1))
    let sum = network.root.forward(family.inputs, pass).elements.reduce(0.0) { $0 + Double($1) }
    #expect(abs(sum - expected) < 1e-5, "\(sum)")
  }

  @Test("masks that do not fit are refused word for word")
  func errors() throws {
    let network = Family.mlp.network()
    func refused(_ masks: [Int: AblationMask]) -> String? {
      diagnosed { try network.require(masks, batch: 3) }.map {
        "\($0.what); \($0.location); \($0.remedy)"
      }
    }
    func mask(_ shape: [Int], _ value: AblationValue = .zero) -> AblationMask {
      AblationMask(mask: Tensor(repeating: 1, shape: shape), value: value)
    }
    func values(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape: shape) }
    let remedy =
      "give a mask of examples × units, and a value of one number an activation, of a row an "
      + "example, or of the activations' shape"
    #expect(
      refused([9: mask([3, 5])])
        == "there is no ablation point 9; masks; use `point` of the network's components, 0 to 3")
    #expect(
      refused([0: mask([3, 4])]) == "mask [3, 4], not [3, 5]; neuron 0, 3 examples; \(remedy)")
    #expect(
      refused([1: mask([3, 1], .constant(values([4])))])
        == "value [4], not [5]; layer 0, 3 examples; \(remedy)")
    #expect(
      refused([0: mask([3, 5], .rows(values([2, 5])))])
        == "value [2, 5], not [3, 5] or as the activations; neuron 0, 3 examples; \(remedy)")
    #expect(refused([0: mask([3, 5], .rows(values([3, 5]))), 1: mask([3, 1])]) == nil)
  }
}
