import Datasets
import Factors
import Networks
import Projections
import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients

/// Gradients read from files of factors.
@Suite("Stored factors") struct StoredFactorsTests {
  typealias Target = GradientSource.Target

  /// One layer of 1 × 2 with a bias, two examples of T = 2 positions, as another program writes it.
  static func writeHand(
    to path: String, left: [Float] = [1, 2, 3, -1], right: [Float] = [1, 0, 2, 1, 0, 1, 1, 1],
    leftShape: [Int] = [2, 2, 1], rightShape: [Int] = [2, 2, 2], function: String = "prediction",
    labels: [Float] = [1, 2], outputs: [Float] = [0.5, 1], bias: Int64? = 1
  ) throws {
    let file = try HDF5File(creating: path)
    try file.write(outputs, shape: [2, 1], to: "outputs")
    try file.write(labels, shape: [2], to: "labels")
    try file.write(left, shape: leftShape, to: "left/\(function)/fc")
    try file.write(right, shape: rightShape, to: "right/fc")
    if let bias { try file.setAttribute("bias", .integer(bias), on: "right/fc") }
    try file.close()
  }

  static func sealed(_ folder: ScratchFolder, _ write: (String) throws -> Void) throws -> FactorFile
  {
    try write(folder / "plain.h5")
    try FactorFile.seal(folder / "plain.h5", to: folder / "sealed.h5", model: "by hand")
    return try FactorFile(folder / "sealed.h5")
  }

  static func full(_ gradients: ExampleGradients) -> [[Float]] {
    let rows = gradients.fullGradients(parameterCount: gradients.gradientCount)
    return (0..<rows.rows).map { rows.row($0) }
  }

  @Test("by hand: Σ_t left ⊗ right, the bias its sum, and the residual t − z for the loss")
  func hand() throws {
    let folder = try ScratchFolder()
    let file = try Self.sealed(folder) { try Self.writeHand(to: $0) }
    let source = try StoredFactors([file])
    // Example 0: 1·(1, 0) + 2·(2, 1) = (5, 2), bias 3; example 1: 3·(0, 1) − 1·(1, 1) = (−1, 2), 2.
    let prediction = try source.gradients(of: file.data, target: .output(.prediction))
    #expect(Self.full(prediction.gradients) == [[5, 2, 3], [-1, 2, 2]])
    #expect(prediction.outputs.elements == [0.5, 1])
    // t − z is ½ and 1.
    let loss = try source.gradients(of: file.data, target: .output(.loss))
    #expect(Self.full(loss.gradients) == [[2.5, 1, 1.5], [-1, 2, 2]])
    #expect(try source.residuals(of: file.data, .prediction) == [0.5, 1])
    let kernel = try KernelGradients(
      of: file.data, source: source, target: .output(.prediction)
    ).kernel()
    #expect(kernel.elements == [38, 5, 5, 9])
    #expect(file.layout.layers.map(\.text) == ["fc 1 × 2 + bias"])
    #expect(source.parameterCount == 3)
    #expect(file.data.ids == [.row(0), .row(1)])
  }

  @Test("`left/loss` of another program is of the loss itself: f = −ℓ has the other sign")
  func lossSign() throws {
    let folder = try ScratchFolder()
    let file = try Self.sealed(folder) { try Self.writeHand(to: $0, function: "loss") }
    let source = try StoredFactors([file])
    for function in [OutputFunction.loss, .negativeHalfSquaredError] {
      let rows = try source.gradients(of: file.data, target: .output(function)).gradients
      #expect(Self.full(rows) == [[-5, -2, -3], [1, -2, -2]])
    }
    #expect(!source.provides(.output(.prediction)) && !source.provides(.jacobian))
  }

  @Test("a layer without right sides is element-wise: rows of features are gradients")
  func features() throws {
    let folder = try ScratchFolder()
    let file = try Self.sealed(folder) { path in
      let plain = try HDF5File(creating: path)
      try plain.write([Float](arrayLiteral: 0, 1, 2, 0, 1, 0), shape: [3, 2], to: "outputs")
      try plain.write([Int64](arrayLiteral: 0, 1, 1), shape: [3], to: "labels")
      try plain.write(["x", "y", "z"], to: "ids")
      try plain.write(["no", "yes"], to: "classes")
      try plain.write(
        [Float](arrayLiteral: 1, 2, 3, 4, 5, 6), shape: [3, 2], to: "left/margin/features")
      try plain.close()
    }
    let source = try StoredFactors([file])
    let rows = try source.gradients(of: file.data, target: .output(.margin)).gradients
    #expect(Self.full(rows) == [[1, 2], [3, 4], [5, 6]])
    let picked = file.data.subset([2, 0])
    #expect(picked.ids == [.name("z"), .name("x")])
    #expect(picked.classNames == ["no", "yes"])
    let some = try source.gradients(of: picked, target: .output(.margin)).gradients
    #expect(Self.full(some) == [[5, 6], [1, 2]])
    // −∇ℓ = (1 − p)∇margin; p of the label is e/(1 + e), 1/(1 + e²), 1/(1 + e).
    let loss = try source.gradients(of: picked, target: .output(.loss)).gradients
    let (e, e2): (Float, Float) = (2.718_281_8, 7.389_056)
    let expected: [Float] = [5 * e / (1 + e), 6 * e / (1 + e), e / (1 + e), 2 * e / (1 + e)]
    _ = e2
    #expect(relativeDifference(Self.full(loss).flatMap { $0 }, expected) < 1e-6)
  }

  static let networks: [(name: String, source: GradientSource, data: Dataset)] = {
    func source(_ network: Network) -> GradientSource {
      GradientSource(network: network, parameters: network.initialParameters(seed: 4))
    }
    let image = ImageShape(channels: 1, height: 8, width: 8)
    var all: [(String, GradientSource, Dataset)] = []
    if let network = Network.convolutional(
      image: image, channels: [3, 4], hidden: [6], outputs: 3)
    {
      all.append(("cnn", source(network), KernelGradientsTests.data(23)))
    }
    let data = KernelGradientsTests.data(17)
    let mlp = Network.multilayerPerceptron(
      inputShape: [8, 8], hidden: [5], outputs: 3, activation: .tanh)
    all.append(("mlp", source(mlp), data))
    let numbers = Dataset(
      inputs: data.inputs, targets: .values(Tensor((0..<34).map { Float($0 % 5) }, shape: [17, 2])))
    let two = Network.multilayerPerceptron(
      inputShape: [8, 8], hidden: [5], outputs: 2, activation: .tanh)
    all.append(("numbers", source(two), numbers))
    return all.map { (name: $0.0, source: $0.1, data: $0.2) }
  }()

  @Test(
    "a network's factors of trace give every function's gradients as the network does",
    arguments: 0..<3, [1, 4, 1_000])
  func asNetwork(index: Int, block: Int) throws {
    let (name, network, data) = Self.networks[index]
    let folder = try ScratchFolder()
    try FactorFile.write(
      network, data: data, targets: [.jacobian], model: name, to: folder / "f.h5")
    let file = try FactorFile(folder / "f.h5")
    let source = try StoredFactors([file])
    #expect(source.parameterCount == network.parameterCount)
    #expect(file.data.targets == data.targets)
    let functions = OutputFunction.allCases.filter { $0.accepts(TargetValues(data.targets)) }
    for target in functions.map({ Target.output($0) }) + [.jacobian] {
      #expect(source.provides(target))
      func kernel(_ source: any GradientProvider, _ data: Dataset) throws -> [Float] {
        var rows: [ExampleGradients] = []
        try source.forEachBlock(of: data, rows: nil, blockSize: block, target: target) {
          _, gradients, _ in rows.append(gradients)
        }
        return ExampleGradients(concatenating: rows).exactKernel().elements
      }
      #expect(
        relativeDifference(try kernel(source, file.data), try kernel(network, data)) < 1e-6,
        "\(name) \(target.name)")
    }
    #expect(try source.outputs(of: file.data).elements == network.outputs(of: data).elements)
  }

  @Test(
    "features of a network's factors are those of the network", arguments: ProjectorKind.allCases)
  func projected(kind: ProjectorKind) throws {
    let (name, network, data) = Self.networks[1]
    let folder = try ScratchFolder()
    try FactorFile.write(
      network, data: data, targets: [.output(.margin)], model: name, to: folder / "f.h5")
    let file = try FactorFile(folder / "f.h5")
    let choice = ProjectionChoice(kind: kind, dimension: kind == .identity ? 343 : 9, seed: 3)
    func features(_ source: any GradientProvider, _ data: Dataset, _ path: String) throws -> [Float]
    {
      let collection = FeatureCollection(
        groups: [.init(name: "g", source: source, modelHash: "m")], outputFunction: .margin,
        projection: choice, training: data, identity: .sample)
      try collection.collect(data, to: path)
      let store = try FeatureStoreReader(path)
      return try store.readRows(group: "g", 0..<data.count).elements
        + store.output("residual", group: "g")
    }
    let stored = try features(StoredFactors([file]), file.data, folder / "a.h5")
    #expect(relativeDifference(stored, try features(network, data, folder / "b.h5")) < 1e-6)
  }

  @Test("chosen layers are those of the network with the same layers")
  func layers() throws {
    let (name, network, data) = Self.networks[1]
    let folder = try ScratchFolder()
    try FactorFile.write(
      network, data: data, targets: [.jacobian], model: name, to: folder / "f.h5")
    let file = try FactorFile(folder / "f.h5")
    let names = file.layout.layers.map(\.name)
    let source = try StoredFactors([file]).selecting(LayerPatterns([names[1]]), place: "--layers")
    let part = String(names[1].dropLast(".weight".count))
    let chosen = GradientSource(
      network: try network.network.selecting(LayerPatterns([part]), place: "--layers"),
      parameters: network.parameters)
    let target = Target.output(.margin)
    #expect(
      relativeDifference(
        try source.gradients(of: file.data, target: target).gradients.exactKernel().elements,
        try chosen.gradients(of: data, target: target).gradients.exactKernel().elements) < 1e-6)
    #expect(source.selectionText == names[1])
    #expect(source.selectedCount == 18)
    let error = diagnosed {
      _ = try StoredFactors([file]).selecting(LayerPatterns(["x"]), place: "--layers")
    }
    #expect(error?.location == "--layers")
  }
}
