import Components
import Datasets
import Networks
import Randomness
import Storage
import Tensors
import TestSupport

/// A small network with queries, and studies of them.
struct ComponentSample {
  let network: Network
  let parameters: Tensor
  let queries: Dataset

  /// A perceptron on random inputs.
  ///
  /// With one hidden layer its logits are linear in masks of the neurons: what a component does is
  /// known, τ_j = w_yj h_j.
  init(hidden: [Int], queries count: Int = 7, classes: Int = 3, seed: UInt64 = 1) {
    network = .multilayerPerceptron(inputShape: [5], hidden: hidden, outputs: classes)
    parameters = network.initialParameters(seed: seed)
    let inputs = Tensor(uninitialized: [count, 5])
    RandomStream(seed: seed, purpose: .split, index: 3)
      .fillGaussian(inputs.storage.base, count: inputs.count, scale: 1)
    let names = (0..<classes).map { "\($0)" }
    queries = Dataset(
      inputs: inputs, targets: .classes((0..<count).map { Int32($0 % classes) }, names: names))
  }

  /// What is evaluated.
  func outputs(
    _ function: OutputFunction = .logit, kinds: [ComponentGroup.Kind] = [.neuron],
    ablation: Ablation = .zero, reference: Dataset? = nil, seed: UInt64 = 0
  ) throws -> MaskedOutputs {
    try MaskedOutputs(
      network, parameters: parameters, components: try ComponentSet(network, kinds: kinds),
      queries: queries, function: function, ablation: ablation, reference: reference, seed: seed)
  }

  /// A study whose banks lie in a folder.
  func study(
    in folder: ScratchFolder, _ function: OutputFunction = .logit, share: Double = 0.2,
    preset: ComponentPreset = .standard, ablation: Ablation = .zero
  ) throws -> ComponentStudy {
    try ComponentStudy(
      try outputs(function, ablation: ablation, reference: queries), share: share, preset: preset,
      identity: Fingerprint(["model": "sample"]), folder: folder.path)
  }
}
