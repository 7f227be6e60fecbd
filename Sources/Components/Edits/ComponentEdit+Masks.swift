import Datasets
import Networks
import Tensors

extension ComponentEdit {
  /// The masks of an edited network for a batch of so many examples.
  ///
  /// - Parameter reference: the training examples, which means are of.
  /// - Throws: `ComponentError.unknown` for a component that the network has not,
  ///   `.notDefined` for activations of another example, which only queries of a study have.
  public func masks(
    of network: Network, parameters: Tensor, reference: Dataset?, file: String
  ) throws -> @Sendable (Int) -> [Int: AblationMask] {
    let (groups, taken, filling) = try units(of: network, parameters, reference, file)
    let off = try Ablation(ablation).off
    return { batch in
      Dictionary(
        uniqueKeysWithValues: groups.map { group in
          let mask = Tensor(repeating: 1, shape: [batch, group.units])
          for row in 0..<batch {
            for unit in taken[group.point] ?? [] {
              mask.storage.base[row * group.units + unit] = off
            }
          }
          return (group.point, AblationMask(mask: mask, value: filling.value(at: group.point)))
        })
    }
  }

  /// What is taken away: the points, units by point, and what is in their place.
  ///
  /// - Throws: as `masks`.
  func units(
    of network: Network, _ parameters: Tensor, _ reference: Dataset?, _ file: String
  ) throws -> (groups: [ComponentGroup], taken: [Int: [Int]], filling: AblationFilling.Rows) {
    let ablation = try Ablation(ablation)
    guard ablation != .resample else {
      throw ComponentError.notDefined(
        name: "resample", reason: "an edit has no other example for each input", field: file)
    }
    let components = try ComponentSet(network, kinds: ComponentGroup.Kind.allCases)
    var units: [Int: [Int]] = [:]
    for place in try components.places(of: removed, file: file) {
      let component = components.components[place]
      units[component.point, default: []].append(component.unit)
    }
    let groups = components.groups.filter { units[$0.point] != nil }
    let filling = try AblationFilling(
      ablation, of: groups, network, parameters, queries: 0, reference: reference, seed: 0
    ).rows(of: 0..<0)
    return (groups, units, filling)
  }
}
