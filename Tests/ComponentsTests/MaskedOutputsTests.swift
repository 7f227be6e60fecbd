import Components
import Datasets
import Networks
import Tensors
import Testing
import TestSupport

@Suite("Outputs under masks")
struct MaskedOutputsTests {
  /// f of one query under one mask, the whole network alone.
  private func alone(
    _ sample: ComponentSample, _ outputs: MaskedOutputs, _ mask: [Float], _ query: Int,
    _ function: OutputFunction, off: Float = 0, value: [Int: AblationValue] = [:]
  ) throws -> Float {
    var masks: [Int: Tensor] = [:]
    for (place, component) in outputs.components.components.enumerated() {
      guard let group = outputs.components.groups.first(where: { $0.point == component.point })
      else { continue }
      let tensor = masks[component.point] ?? Tensor(repeating: 1, shape: [1, group.units])
      tensor.storage.base[component.unit] = off + (1 - off) * mask[place]
      masks[component.point] = tensor
    }
    let logits = try sample.network.outputs(
      sample.queries.inputs.gathered([query]), parameters: sample.parameters,
      ablation: Dictionary(
        uniqueKeysWithValues: masks.map {
          ($0, AblationMask(mask: $1, value: value[$0] ?? .zero))
        }))
    return function.values(logits, TargetValues(sample.queries.targets).gathered([query]))[0]
  }

  @Test(
    "Each pair of mask and query has its own result", arguments: [OutputFunction.margin, .loss])
  func mixed(function: OutputFunction) throws {
    let sample = ComponentSample(hidden: [6, 4])
    let outputs = try sample.outputs(function)
    let masks = MaskDesign.random(
      outputs.components, share: 0.3, count: 9, seed: 2, for: .outputs)
    let found = outputs.values(masks)
    for mask in 0..<masks.rows {
      for query in 0..<sample.queries.count {
        let own = try alone(sample, outputs, masks.row(mask), query, function)
        #expect(abs(found[mask, query] - own) < 1e-5)
      }
    }
  }

  @Test(
    "What all masks of a call take away is taken away from what they share",
    arguments: ComponentFamily.allCases, ["zero", "mean", "resample"])
  func shared(family: ComponentFamily, ablation: String) throws {
    let network = try family.network()
    let outputs = try MaskedOutputs(
      network, parameters: family.parameters(network), components: try ComponentSet(network),
      queries: family.queries, function: .loss, ablation: try Ablation(ablation),
      reference: family.queries)
    let d = outputs.components.count
    // One of the first layer and one in the middle always, each of the last three in turn.
    let sets = (1...3).map { [0, d / 2, d - $0] }
    let together = outputs.values(MaskDesign.without(sets, of: d))
    for (row, set) in sets.enumerated() {
      let alone = outputs.values(MaskDesign.without([set], of: d))
      for query in 0..<outputs.count {
        #expect(abs(together[row, query] - alone[0, query]) < 1e-5 * max(1, abs(alone[0, query])))
      }
    }
  }

  @Test("What is gone is away whatever the masks say, and its bank is another")
  func gone() throws {
    let sample = ComponentSample(hidden: [6, 4])
    let outputs = try sample.outputs(.margin)
    let masks = MaskDesign.without([[], [1], [8]], of: 10)
    let more = MaskDesign.without([[0, 7], [0, 1, 7], [0, 7, 8]], of: 10)
    let rest = outputs.without([7]).without([0])
    #expect(rest.values(masks) == outputs.values(more))
    let (a, b) = (rest.gradients(masks), outputs.gradients(more))
    #expect(a.values == b.values && a.gradients == b.gradients)
    let folder = try ScratchFolder()
    let study = try sample.study(in: folder, .margin)
    let names = try [study, study.without([0]), study.without([0, 7])].map {
      try $0.bank("outputs", masks).fingerprint.shortName
    }
    #expect(Set(names).count == 3)
  }

  @Test("scale:x keeps x of what is taken away")
  func scaled() throws {
    let sample = ComponentSample(hidden: [6, 4])
    let outputs = try sample.outputs(.margin, ablation: .scale(0.25))
    let masks = MaskDesign.leaveOneOut(outputs.components.count)
    let found = outputs.values(masks)
    for mask in 0..<masks.rows {
      let own = try alone(sample, outputs, masks.row(mask), 3, .margin, off: 0.25)
      #expect(abs(found[mask, 3] - own) < 1e-5)
    }
  }

  @Test("mean puts the mean activation of the reference set in")
  func mean() throws {
    let sample = ComponentSample(hidden: [6])
    let outputs = try sample.outputs(.logit, ablation: .mean, reference: sample.queries)
    let found = outputs.values(MaskDesign.leaveOneOut(6))
    // Linear in the activation: the mean change over queries of one class is 0 where they are all.
    let one = ComponentSample(hidden: [6], classes: 1)
    let same = try one.outputs(.logit, ablation: .mean, reference: one.queries)
    let values = same.values(MaskDesign.leaveOneOut(6))
    for place in 1...6 {
      let change = (0..<7).reduce(0.0) { $0 + Double(values[place, $1] - values[0, $1]) }
      #expect(abs(change) < 1e-5)
    }
    #expect((0..<7).contains { abs(found[1, $0] - found[0, $0]) > 1e-4 })
  }

  @Test("resample puts one drawn example's activations in")
  func resample() throws {
    let sample = ComponentSample(hidden: [6])
    // A reference set of one: everybody gets its activations.
    let one = sample.queries.subset([2])
    let outputs = try sample.outputs(.logit, ablation: .resample, reference: one)
    let all = Matrix<Float>(repeating: 0, rows: 1, columns: 6)
    let found = outputs.values(all)
    let logits = try sample.network.outputs(one.inputs, parameters: sample.parameters)
    for query in 0..<7 { #expect(abs(found[0, query] - logits[0, query % 3]) < 1e-5) }
  }

  @Test("Gradients by masks are the slopes of the outputs")
  func gradients() throws {
    let sample = ComponentSample(hidden: [6, 4])
    for ablation in [Ablation.zero, .mean, .scale(0.5)] {
      let outputs = try sample.outputs(.margin, ablation: ablation, reference: sample.queries)
      let d = outputs.components.count
      let mask = Matrix<Float>((0..<d).map { $0 % 4 == 0 ? 0 : 1 }, rows: 1, columns: d)
      let found = outputs.gradients(mask)
      #expect(found.values == outputs.values(mask))
      for place in 0..<d {
        func moved(_ by: Float) -> Matrix<Float> {
          var row = mask.elements
          row[place] += by
          return outputs.values(Matrix(row, rows: 1, columns: d))
        }
        let (up, down) = (moved(0.01), moved(-0.01))
        for query in 0..<7 {
          let slope = (up[0, query] - down[0, query]) / 0.02
          #expect(abs(found.gradients[query, place] - slope) < 2e-2)
        }
      }
    }
  }

  @Test(
    "With nothing taken away the slopes are against the ablation's values, too",
    arguments: [Ablation.zero, .mean, .resample])
  func gradientsOfNothing(ablation: Ablation) throws {
    let sample = ComponentSample(hidden: [6])
    let outputs = try sample.outputs(.logit, ablation: ablation, reference: sample.queries)
    let found = outputs.gradients(Matrix<Float>(repeating: 1, rows: 1, columns: 6)).gradients
    // Linear in the masks: slopes are what taking away does.
    let values = outputs.values(MaskDesign.leaveOneOut(6))
    for place in 0..<6 {
      for query in 0..<7 {
        #expect(abs(found[query, place] - (values[0, query] - values[place + 1, query])) < 1e-5)
      }
    }
  }

  @Test("What cannot be asked is refused")
  func errors() throws {
    let sample = ComponentSample(hidden: [6])
    #expect(
      diagnosed { _ = try sample.outputs(.prediction) }?.what
        == "prediction is not defined here: the targets do not have it")
    #expect(
      diagnosed { _ = try sample.outputs(ablation: .mean) }?.what
        == "mean is not defined here: there are no examples to take activations from")
    #expect(diagnosed { _ = try Ablation("halve") }?.what == "there is no ablation `halve`")
    #expect(diagnosed { _ = try Ablation("scale:1") } != nil)
    let folder = try ScratchFolder()
    #expect(
      diagnosed { _ = try sample.study(in: folder, share: 1) }?.what
        == "a share of 1.0 is not between 0 and 1")
  }
}
