import Tensors
import TestSupport
import Testing

@testable import Networks

/// Inputs, masks, places and prefixes that do not fit are errors where anybody may call.
@Suite("Doors of a network") struct DoorTests {
  private static func said(_ body: () throws -> Void) -> String? {
    diagnosed(body).map { "\($0.what); \($0.location); \($0.remedy)" }
  }

  /// Calls each public function that takes masks.
  private static func everywhere(_ p: MaskedProblem, _ masks: [Int: AblationMask]) -> [String?] {
    [
      said { _ = try p.network.outputs(p.inputs, parameters: p.theta, ablation: masks) },
      said {
        _ = try p.network.prefixes(
          p.inputs, before: [p.network.places.upperBound - 1, 0], parameters: p.theta,
          ablation: masks)
      },
      said {
        let prefix = try p.network.prefixes(p.inputs, before: [0], parameters: p.theta)[0]
        _ = try p.network.outputs(from: prefix, parameters: p.theta, ablation: masks)
      },
    ]
  }

  @Test("checked outputs have the bits of unchecked ones", arguments: Family.allCases)
  func same(_ family: Family) throws {
    let p = MaskedProblem(family)
    let masks = p.masks(AblationCase(value: .positions, mask: .fractional))
    #expect(
      try p.network.outputs(p.inputs, parameters: p.theta, ablation: masks)
        == p.network.uncheckedOutputs(p.inputs, parameters: p.theta, ablation: masks))
  }

  @Test("masks of another size are refused at every point", arguments: Family.allCases)
  func sizes(_ family: Family) {
    let p = MaskedProblem(family)
    for group in p.network.components {
      let mask = Tensor(repeating: 0, shape: [Family.batch, group.units + 1])
      let found = Self.everywhere(p, [group.point: AblationMask(mask: mask)])
      let start = "mask [3, \(group.units + 1)], not [3, \(group.units)]; \(group), 3 examples; "
      #expect(found.allSatisfy { $0?.hasPrefix(start) == true }, "\(group): \(found)")
    }
    let unknown = Self.everywhere(
      p, [99: AblationMask(mask: Tensor(repeating: 0, shape: [Family.batch, 1]))])
    #expect(unknown.allSatisfy { $0?.hasPrefix("there is no ablation point 99; ") == true })
  }

  @Test(
    "values for another number of positions are found when they are reached, each once",
    arguments: Family.allCases)
  func positions(_ family: Family) throws {
    let p = MaskedProblem(family)
    for group in p.network.components {
      let x = try #require(p.activations[group.point])
      let positions = x.count / (Family.batch * group.width)
      let mask = Tensor(repeating: 0, shape: [Family.batch, group.units])
      func value(_ positions: Int) -> AblationMask {
        AblationMask(
          mask: mask,
          value: .rows(Tensor(repeating: 1, shape: [Family.batch, positions, group.width])))
      }
      let text = Self.said {
        _ = try p.network.outputs(
          p.inputs, parameters: p.theta, ablation: [group.point: value(positions + 1)])
      }
      let start =
        "value [3, \(positions + 1), \(group.width)], not [3, \(group.width)] or as the "
        + "activations; \(group), 3 examples; "
      #expect(text?.hasPrefix(start) == true, "\(group): \(text ?? "no error")")
      #expect(throws: Never.self) {
        try p.network.outputs(
          p.inputs, parameters: p.theta, ablation: [group.point: value(positions)])
      }
    }
  }

  @Test("inputs and parameters of another size are refused", arguments: Family.allCases)
  func inputs(_ family: Family) throws {
    let p = MaskedProblem(family)
    func refused(_ inputs: Tensor, _ parameters: Tensor) -> [String?] {
      [
        Self.said { _ = try p.network.outputs(inputs, parameters: parameters) },
        Self.said { _ = try p.network.prefixes(inputs, before: [0], parameters: parameters) },
      ]
    }
    let short = Tensor(repeating: 0, shape: [p.theta.count - 1])
    #expect(
      refused(p.inputs, short).allSatisfy {
        $0?.hasPrefix("\(p.theta.count - 1) values are given as parameters") == true
      })
    let shapes =
      family == .mlp
      ? [[3], [3, 5], [3, 2, 2], [], [12]]
      : p.network.inputShape.count == 3
        ? [[3, 2, 12, 11], [3, 12, 12], [864]]
        // Llama has no table of positions that a sequence could be too long for.
        : family == .llama ? [[3], [15]] : [[3], [15], [3, 6]]
    for shape in shapes {
      let found = refused(Tensor(repeating: 0, shape: shape), p.theta)
      #expect(found.allSatisfy { $0?.hasPrefix("inputs are ") == true }, "\(shape): \(found)")
    }
    let prefix = try p.network.prefixes(p.inputs, before: [0], parameters: p.theta)[0]
    #expect(Self.said { _ = try p.network.outputs(from: prefix, parameters: short) } != nil)
    guard p.network.inputShape.count == 3 else { return }
    let rows = p.inputs.reshaped([3, 288])
    #expect(try p.network.outputs(rows, parameters: p.theta) == p.outputs)
  }

  @Test("places that are not there and prefixes of another network are refused")
  func prefixes() throws {
    let (p, other) = (MaskedProblem(.gpt2), MaskedProblem(.llama))
    let count = p.network.places.count
    for place in [-1, count] {
      #expect(
        Self.said { _ = try p.network.prefixes(p.inputs, before: [0, place], parameters: p.theta) }
          == "there is no place \(place) where a pass could stop or start; places; "
          + "the network's places are 0 to \(count - 1)")
    }
    let prefix = try other.network.prefixes(other.inputs, before: [1], parameters: other.theta)[0]
    #expect(
      Self.said { _ = try p.network.outputs(from: prefix, parameters: p.theta) }
        == "the prefix is of another network; the prefix before place 1; "
        + "make it with `prefixes` of the network that goes on from it")
    // Another value of the same network goes on.
    let same = Family.llama.network()
    #expect(try same.outputs(from: prefix, parameters: other.theta).shape == other.outputs.shape)
    #expect(
      Self.said {
        _ = try p.network.outputs(Tensor([0, 7], shape: [1, 2]), parameters: p.theta)
      }?.hasPrefix("7.0 at position 1 of example 0 is no token below 7") == true)
  }
}
