import Components
import Foundation
import Networks
import Randomness
import Storage
import Tensors
import Testing
import TestSupport

@Suite("Estimators from one backward pass")
struct GradientEstimatorTests {
  @Test(
    "Gradient × activation is the slope of taking to zero, at all positions, whatever the ablation",
    arguments: [ComponentFamily.mlp, .cnn, .gpt2, .llama])
  func gradientTimesActivation(family: ComponentFamily) throws {
    let folder = try ScratchFolder()
    let kinds = ComponentGroup.Kind.allCases
    let slopes = try ComponentMethod.atp.estimator.estimate(
      family.study(in: folder, kinds: kinds, .margin))
    let study = try family.study(in: folder, kinds: kinds, .margin, ablation: .mean)
    let found = try ComponentMethod.gxa.estimator.estimate(study)
    for (a, b) in zip(found.scores.elements, slopes.scores.elements) {
      #expect(abs(a - b) <= 1e-4 * (1 + abs(b)))
    }
    #expect(slopes.magnitudes.contains { $0 > 0.01 })
    #expect(study.passes == 3)
  }

  @Test("Internal influence is the mean gradient of a class")
  func internalInfluence() throws {
    let sample = ComponentSample(hidden: [9])
    let folder = try ScratchFolder()
    let found = try ComponentMethod.internal.estimator.estimate(
      sample.study(in: folder, .margin))
    // Layout: 0.weight 9 × 5, 0.bias 9, 2.weight 3 × 9, 2.bias 3.
    let theta = sample.parameters.elements.map(Double.init)
    let logits = sample.network.uncheckedOutputs(
      sample.queries.inputs, parameters: sample.parameters)
    func gradient(_ query: Int, _ j: Int) -> Double {
      let y = query % 3
      let weights = (0..<3).map { $0 == y ? 0 : exp(Double(logits[query, $0])) }
      let total = weights.reduce(0, +)
      return (0..<3).reduce(0) { sum, k in
        sum + (k == y ? 1 : -weights[k] / total) * theta[54 + 9 * k + j]
      }
    }
    for query in 0..<7 {
      let own = (0..<7).filter { $0 % 3 == query % 3 }
      for j in 0..<9 {
        let mean = own.reduce(0) { $0 + gradient($1, j) } / Double(own.count)
        #expect(abs(Double(found.scores[query, j]) - mean) < 1e-5, "\(query), \(j)")
      }
    }
  }

  @Test("With ReLUs relevance patching is attribution patching", arguments: [Ablation.zero, .mean])
  func relevance(ablation: Ablation) throws {
    let folder = try ScratchFolder()
    func scores(_ method: ComponentMethod, _ family: ComponentFamily) throws -> [Float] {
      let study = try family.study(
        in: folder, kinds: ComponentGroup.Kind.allCases, ablation: ablation)
      return try method.estimator.estimate(study).scores.elements
    }
    for (a, b) in zip(try scores(.relp, .cnn), try scores(.atp, .cnn)) {
      #expect(abs(a - b) <= 1e-5 * (1 + abs(b)))
    }
    let (relevance, gradients) = (try scores(.relp, .gpt2), try scores(.atp, .gpt2))
    #expect(zip(relevance, gradients).contains { abs($0 - $1) > 0.01 })
  }

  @Test(
    "Queries and keys: o with the softmax made again, times the slope by o",
    arguments: [ComponentFamily.gpt2, .llama, .vit])
  func softmaxAgain(family: ComponentFamily) throws {
    let folder = try ScratchFolder()
    let study = try family.study(in: folder, kinds: [.query, .key])
    let found = try ComponentMethod.atpstar.estimator.estimate(study).scores
    let network = try family.network()
    let theta = family.parameters(network)
    let pass = network.pass(theta, batch: 3, for: [.activations, .activationGradients])
    let z = network.root.forward(family.inputs, pass)
    network.backward(
      OutputFunction.logit.gradient(z, TargetValues(family.queries.targets)), pass)
    // Of two layers the other one is before the last: nothing is missed there.
    let last = try #require(network.attentionPoints.last)
    let heads = last.heads.point
    let (o, slopes) = (
      try #require(pass.observed.activations[heads]), try #require(pass.observed.gradients[heads])
    )
    var checked = 0
    for (index, component) in study.components.components.enumerated() {
      guard let group = [last.queries, last.keys].first(where: { $0.point == component.point })
      else { continue }
      let mask = Tensor(repeating: 1, shape: [3, group.units])
      for row in 0..<3 { mask.storage.base[row * group.units + component.unit] = 0 }
      let without = network.pass(
        theta, batch: 3, for: .activations,
        ablation: [group.point: AblationMask(mask: mask)])
      _ = network.root.forward(family.inputs, without)
      let changed = try #require(without.observed.activations[heads])
      let row = o.count / 3
      for query in 0..<3 {
        let expected = (query * row..<(query + 1) * row).reduce(0.0) {
          $0 + Double(slopes[$1]) * (Double(o[$1]) - Double(changed[$1]))
        }
        #expect(
          abs(Double(abs(found[query, index])) - abs(expected)) < 1e-4 * (1 + abs(expected)),
          "\(component.name)")
        checked += abs(expected) > 1e-5 ? 1 : 0
      }
    }
    #expect(checked > 3)
  }

  @Test("What an estimate has missed is within the bound")
  func missed() throws {
    let folder = try ScratchFolder()
    let study = try ComponentSample(hidden: [20]).study(in: folder)
    let exact = try ComponentMethod.loo.estimator.estimate(study)
    // Linear in the masks: nothing is left over.
    let whole = try MissedEffects(exact, study)
    #expect(whole.found == 10 && abs(whole.bound - whole.largest) < 1e-4)
    let weights = exact.weights
    let strongest = try #require(weights.indices.max { abs(weights[$0]) < abs(weights[$1]) })
    let blind = Matrix(exact.scores.elements, rows: exact.scores.rows, columns: 20)
    for query in 0..<blind.rows { blind.storage.base[query * 20 + strongest] = 0 }
    let bound = try MissedEffects(ComponentEstimate(blind), study)
    #expect(bound.largest < abs(weights[strongest]))
    #expect(bound.bound >= abs(weights[strongest]) - 1e-4)
  }

  @Test("Gradient drop is the slope past the other layer, with the sign of the whole one")
  func gradientDrop() throws {
    let family = ComponentFamily.gpt2
    let folder = try ScratchFolder()
    let study = try family.study(in: folder, kinds: [.head, .neuron, .mlp])
    let found = try ComponentMethod.atpstar.estimator.estimate(study).scores
    // And 64 masks for the bound.
    #expect(study.passes == 7 + 64)
    let plain = try ComponentMethod.atp.estimator.estimate(study).scores
    // What the second layer's output hears of the logits: by the last norm and head alone.
    let network = try family.network()
    let theta = family.parameters(network)
    let place = network.places.upperBound - 2
    let prefix = try #require(
      network.uncheckedPrefixes(family.inputs, before: [place], parameters: theta).first)
    let last = network.pass(theta, batch: 3, for: .inputGradient, startingAt: place)
    let z = network.forward(from: prefix, last)
    let slopes = OutputFunction.logit.gradient(z, .tokens(family.inputs))
    let around = try #require(network.backward(slopes, last))
    let pass = network.pass(theta, batch: 3, for: .activations)
    _ = network.root.forward(family.inputs, pass)
    for (index, component) in study.components.components.enumerated() {
      for query in 0..<3 {
        let (a, b) = (found[query, index], plain[query, index])
        #expect(a == 0 || b == 0 || (a < 0) == (b < 0))
        if component.layer.hasPrefix("transformer.h.1") {
          // Of two layers the other one is before it: nothing is missed.
          #expect(abs(abs(a) - abs(b)) < 1e-5 * (1 + abs(b)), "\(component.name)")
        } else if component.kind == .mlp {
          let group = try #require(
            study.components.groups.first { $0.kind == .mlp && $0.path == component.layer })
          let x = try #require(pass.observed.activations[group.point])
          let expected = (query * 20..<(query + 1) * 20).reduce(0.0) {
            $0 + Double(x[$1]) * Double(around[$1])
          }
          #expect(abs(Double(abs(a)) - abs(expected)) < 1e-4 * (1 + abs(expected)))
          #expect(abs(abs(a) - abs(b)) > 1e-4)
        }
      }
    }
    #expect(
      diagnosed {
        _ = try ComponentMethod.atpstar.estimator.estimate(
          ComponentFamily.mlp.study(in: folder, kinds: [.neuron]))
      }?.what
        == "atpstar is not defined here: the network has 0 layers with residual branches, not two or more"
    )
  }

  @Test(
    "Full gradients of all biases and of the inputs are f",
    arguments: [ComponentFamily.mlp, .cnn, .resnet, .resnet9])
  func fullGradient(family: ComponentFamily) throws {
    let folder = try ScratchFolder()
    let network = try family.network()
    let theta = network.initialParameters(seed: 2)
    let noise = Tensor(uninitialized: theta.shape)
    RandomStream(seed: 6, purpose: .split, index: 4)
      .fillGaussian(noise.storage.base, count: noise.count, scale: 0.3)
    for place in 0..<theta.count { theta.storage.base[place] += noise[place] }
    for buffer in network.buffers {
      for place in buffer.range { theta.storage.base[place] = 0.5 + abs(noise[place]) }
    }
    // Batch norms shift upwards, or the ReLUs behind them may all be dead.
    for (bias, mean) in zip(network.parameters, network.parameters.dropFirst())
    where mean.name.hasSuffix(".running_mean") {
      for place in bias.range { theta.storage.base[place] += 1 }
    }
    let study = try family.study(in: folder, kinds: [.neuron, .filter], parameters: theta)
    let found = try ComponentMethod.fullgrad.estimator.estimate(study).scores
    let inputs = family.inputs
    let pass = network.pass(theta, batch: 3, for: .inputGradient)
    let z = network.root.forward(inputs, pass)
    let dx = try #require(
      network.backward(OutputFunction.logit.gradient(z, .classes([0, 1, 2])), pass))
    let size = inputs.count / 3
    for query in 0..<3 {
      var sum = (query * size..<(query + 1) * size).reduce(0.0) {
        $0 + Double(inputs[$1]) * Double(dx[$1])
      }
      if family != .resnet9, let bias = network.parameters.last, bias.name.hasSuffix("bias") {
        sum += Double(theta[bias.offset + query])
      }
      let biases = (0..<study.count).reduce(0.0) { $0 + Double(found[query, $1]) }
      let f = Double(z[query, query])
      #expect(abs(biases) > 1e-2)
      #expect(abs(sum + biases - f) < 1e-4 * (1 + abs(f)), "\(sum) + \(biases), \(f)")
    }
  }

  @Test("Full gradients are of units behind ReLUs")
  func fullGradientErrors() throws {
    let folder = try ScratchFolder()
    #expect(
      diagnosed {
        _ = try ComponentMethod.fullgrad.estimator.estimate(
          ComponentFamily.gpt2.study(in: folder, kinds: [.head]))
      }?.what
        == "fullgrad of transformer.h.0.attn.head.0 is not defined here: it is no neuron or filter behind a linear layer and a ReLU"
    )
  }

  @Test("Same bits for any thread count")
  func threads() throws {
    let sample = ComponentSample(hidden: [16, 8], queries: 150)
    let folder = try ScratchFolder()
    let scores = try [1, 2, 5].map { workers in
      try Execution.with(workers: workers) {
        try ComponentMethod.gxa.estimator.estimate(sample.study(in: folder, .margin)).scores
      }
    }
    #expect(scores[0] == scores[1])
    #expect(scores[0] == scores[2])
  }

  @Test("A job that is to stop does")
  func cancelled() throws {
    let sample = ComponentSample(hidden: [6])
    let folder = try ScratchFolder()
    let study = try ComponentStudy(
      sample.outputs(), identity: Fingerprint(["model": "sample"]), folder: folder.path,
      control: StopAfter(0).control)
    #expect(throws: JobCancelled(isResumable: false)) {
      _ = try ComponentMethod.gxa.estimator.estimate(study)
    }
  }
}
