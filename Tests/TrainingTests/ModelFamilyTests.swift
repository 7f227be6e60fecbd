import Checkpoints
import Configuration
import Factors
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models

/// Models of other families as `save_pretrained` wrote them, against Hugging Face's code in fp64
/// (tools/reference/transformer_families.py).
@Suite("Families of Hugging Face")
struct ModelFamilyTests {
  struct Expected: Decodable {
    struct Parameter: Decodable {
      let name: String
      let shape: [Int]
      var count: Int { shape.reduce(1, *) }
    }
    let parameters: [Parameter]
    let inputShape: [Int]
    let inputs: [Float]
    let classes: [Int32]?
    let values: [Float]?
    let logits, losses, gradient, exampleGram, exampleProducts: [Double]
    let direction: [Float]
    let tangent, hessianVector: [Double]

    var x: Tensor { Tensor(inputs, shape: inputShape) }
    var targets: TargetValues {
      if let classes { return .classes(classes) }
      if let values { return .values(Tensor(values, shape: [inputShape[0], 1])) }
      return .tokens(x)
    }
    var loss: Loss { classes != nil ? .crossEntropy : values != nil ? .squaredError : .nextToken }

    /// A flat vector of the file in the order of a network.
    func ordered<Scalar>(_ flat: [Scalar], _ network: Network) -> [Scalar] {
      var (parts, offset): ([String: ArraySlice<Scalar>], Int) = ([:], 0)
      for parameter in parameters {
        parts[parameter.name] = flat[offset..<offset + parameter.count]
        offset += parameter.count
      }
      return network.parameters.flatMap { parts[$0.name] ?? [] }
    }
  }

  static let names = [
    "mistral", "qwen2", "qwen3", "olmo2", "gemma2", "gpt_neox", "gpt_neox-serial", "roberta",
    "distilbert", "bert-pairs", "bert-regression", "llama-biases", "qwen3-biases", "nanogpt",
    "nanogpt-bare",
  ]

  static func folder(_ name: String) -> String { fixture("Families/\(name)") }

  static func read(_ name: String) throws -> (Expected, Network, theta: Tensor) {
    let known = try Fixture.load("Families/\(name)/expected.json", as: Expected.self)
    let model = try #require(try PretrainedModel.beside(folder(name)))
    #expect(model.unread == [])
    #expect(model.architecture.loss == known.loss)
    let network = model.network(inputShape: Array(known.inputShape.dropFirst()))
    let weights = try ForeignWeights(reading: folder(name) + "/model.safetensors")
      .parameters(layout: network.parameters)
    #expect(weights.renamed.isEmpty && weights.leftOut.isEmpty)
    return (known, network, weights.parameters)
  }

  @Test("outputs and losses", arguments: names)
  func outputs(_ name: String) throws {
    let (known, network, theta) = try Self.read(name)
    let outputs = network.uncheckedOutputs(known.x, parameters: theta)
    #expect(relativeDifference(outputs.elements, known.logits) < 1e-5)
    #expect(relativeDifference(known.loss.values(outputs, known.targets), known.losses) < 1e-5)
  }

  @Test("gradients, all and of each example from factors", arguments: names)
  func gradients(_ name: String) throws {
    let (known, network, theta) = try Self.read(name)
    let gradient = try network.lossGradient(
      known.x, known.targets, parameters: theta, loss: known.loss
    ).parameters
    let expected = known.ordered(known.gradient, network)
    let largest = expected.map(abs).max() ?? 1
    for parameter in network.parameters {
      let error = parameter.range.map { abs(Double(gradient[$0]) - expected[$0]) }.max() ?? 0
      #expect(error < 2e-5 * largest, "\(parameter.name)")
    }
    let (factors, _) = try network.exampleGradients(known.x, parameters: theta) {
      known.loss.gradient($0, known.targets)
    }
    #expect(relativeDifference(factors.exactKernel().elements, known.exampleGram) < 2e-5)
    let full = factors.fullGradients(parameterCount: network.parameterCount)
    let v = known.ordered(known.direction, network)
    let products = (0..<known.inputShape[0]).map { i in
      zip(full.row(i), v).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    }
    #expect(relativeDifference(products, known.exampleProducts) < 2e-5)
  }

  @Test("tangents: J v and H v", arguments: names)
  func tangents(_ name: String) throws {
    let (known, network, theta) = try Self.read(name)
    let v = Tensor(known.ordered(known.direction, network), shape: [network.parameterCount])
    let (tangent, _) = try network.outputTangent(known.x, parameters: theta, along: v)
    #expect(relativeDifference(tangent.elements, known.tangent) < 2e-5)
    let product = try network.curvature(
      known.x, known.targets, parameters: theta, loss: known.loss, along: v
    ).product
    #expect(
      relativeDifference(product.elements, known.ordered(known.hessianVector, network)) < 5e-5)
  }

  @Test("the members written for a model describe the same model", arguments: names)
  func written(_ name: String) throws {
    let model = try PretrainedModel(reading: Self.folder(name) + "/config.json")
    let values = model.architecture.values(classNames: model.classNames ?? [])
    let again = try PretrainedModel(from: ConfigurationMap(values, file: "config.json"))
    #expect(again.architecture == model.architecture)
    #expect(again.unread == [])
  }

  /// The error of a `config.json` with some members changed.
  func error(_ name: String, _ changes: [String: ConfigurationValue]) throws -> String? {
    let model = try PretrainedModel(reading: Self.folder(name) + "/config.json")
    let values = model.values.merging(changes) { $1 }
    return diagnosed {
      _ = try PretrainedModel(from: ConfigurationMap(values, file: "config.json"))
    }?.what
  }

  @Test("what a family does not have is refused by its key")
  func refused() throws {
    #expect(
      try error("mistral", ["attention_bias": .bool(true)])
        == "attention_bias: true is not supported.")
    #expect(
      try error("qwen2", ["attention_bias": .bool(true)])
        == "attention_bias: true is not supported.")
    #expect(
      try error("qwen3-biases", ["mlp_bias": .bool(true)]) == "mlp_bias: true is not supported.")
    #expect(try error("nanogpt", ["n_head": .int(3)]) == "n_head: 3 is not supported.")
    #expect(
      try error("qwen2", ["layer_types": .list([.string("linear_attention")])])
        == "layer_types: [\"linear_attention\"] is not supported.")
    #expect(
      try error("gemma2", ["use_bidirectional_attention": .bool(true)])
        == "use_bidirectional_attention: true is not supported.")
    #expect(
      try error("gpt_neox", ["attention_bias": .bool(false)])
        == "attention_bias: false is not supported.")
    #expect(
      try error("gpt_neox", ["hidden_size": .int(6)])?.hasPrefix(
        "rope_parameters: {\"partial_rotary_factor\":0.5,") == true)
    #expect(
      try error("roberta", ["pad_token_id": .null]) == "pad_token_id: null is not supported.")
    #expect(
      try error("bert-regression", ["problem_type": .string("multi_label_classification")])
        == "problem_type: \"multi_label_classification\" is not supported.")
    #expect(
      try error("olmo2", ["sliding_window": .int(8)]) == "sliding_window: 8 is not supported.")
  }

  @Test("sequences longer than a sliding window are refused, shorter ones are not")
  func window() throws {
    for name in ["mistral", "gemma2"] {
      let model = try PretrainedModel(reading: Self.folder(name) + "/config.json")
      #expect(model.problem(inputShape: [8], outputs: 11) == nil)
      #expect(
        model.problem(inputShape: [9], outputs: 11)
          == .shape(
            "attends to a sliding window of 8 tokens, which is not built for longer sequences, and "
              + "these are 9 long (set `length: 8`)"))
    }
    let open = try PretrainedModel(reading: Self.folder("qwen2") + "/config.json")
    #expect(open.problem(inputShape: [12], outputs: 11) == nil)
  }

  @Test("vocabularies may differ by a tenth, and ids beyond the model's are refused")
  func vocabulary() throws {
    let model = try PretrainedModel(reading: Self.folder("qwen2") + "/config.json")
    #expect(model.problem(inputShape: [6], outputs: 10) == nil)
    #expect(model.problem(inputShape: [6], outputs: 12) == nil)
    #expect(
      model.problem(inputShape: [6], outputs: 9)
        == .shape(
          "has 11 tokens, and the data 9 (of texts, give the model's tokenizer; for arrays of ids "
            + "set `vocabulary: 11`)"))
    #expect(
      model.architecture.problem(tokens: Tensor([3, 10, 11, -1], shape: [2, 2]))
        == "takes tokens from 0 to 10; example 1 has 11 at position 0")
    #expect(model.architecture.problem(tokens: Tensor([3, 10, 1, -1], shape: [2, 2])) == nil)
    #expect(
      model.architecture.notes(outputs: 10, areTexts: true)
        == ["the model has 11 tokens and the data 10: no example has the others"])
    #expect(
      model.architecture.notes(outputs: 12, areTexts: true)
        == ["the model has 11 tokens and the data 12: the others occur nowhere"])
  }

  @Test("the weights of a loss beside a network's are left out by their name")
  func lossWeights() throws {
    let scratch = try ScratchFolder()
    let names = [("0.weight", [2, 3]), ("0.bias", [2]), ("criterion.weight", [2])]
    var layout: [Parameter] = []
    for (name, shape) in names {
      layout.append(
        Parameter(name: name, shape: shape, offset: layout.last?.range.upperBound ?? 0))
    }
    let values = (0..<10).map { Float($0) }
    try SafetensorsFile.write(
      parameters: Tensor(values, shape: [10]), layout: layout, metadata: [:],
      to: scratch / "model.safetensors")
    let weights = try ForeignWeights(reading: scratch / "model.safetensors")
    let fitted = try weights.parameters(layout: Array(layout.prefix(2)))
    #expect(fitted.leftOut == ["criterion.weight"])
    #expect(fitted.parameters.elements == Array(values.prefix(8)))
    #expect(try weights.parameters(layout: layout).leftOut.isEmpty)
  }

  @Test("nanoGPT's model_args are known without a model_type; its compiled model's names too")
  func nanoGPT() throws {
    let folder = Self.folder("nanogpt")
    let model = try PretrainedModel(reading: folder + "/config.json")
    var arguments = model.values
    arguments["model_type"] = nil
    let bare = try PretrainedModel(from: ConfigurationMap(arguments, file: "config.json"))
    #expect(bare.architecture == model.architecture)
    guard case .gpt2(let sizes) = bare.architecture else {
      Issue.record("\(bare.architecture)")
      return
    }
    #expect(sizes.family == .nanogpt && sizes.hasBias && sizes.activation == .gelu && sizes.isTied)
    // As torch.compile names them, with the head that is the embedding and a mask of old versions.
    let network = model.network(inputShape: [6])
    let known = try ForeignWeights(reading: folder + "/model.safetensors")
      .parameters(layout: network.parameters).parameters
    var (layout, values): ([Parameter], [Float]) = ([], [])
    func add(_ name: String, _ shape: [Int], _ numbers: [Float]) {
      layout.append(Parameter(name: "_orig_mod." + name, shape: shape, offset: values.count))
      values += numbers
    }
    for parameter in network.parameters {
      add(parameter.name, parameter.shape, parameter.range.map { known[$0] })
    }
    let embedding = try #require(network.parameters.first)
    #expect(embedding.name == "transformer.wte.weight")
    add("lm_head.weight", embedding.shape, embedding.range.map { known[$0] })
    add("transformer.h.0.attn.bias", [1, 1, 9, 9], Array(repeating: 1, count: 81))
    let scratch = try ScratchFolder()
    try SafetensorsFile.write(
      parameters: Tensor(values, shape: [values.count]), layout: layout, metadata: [:],
      to: scratch / "model.safetensors")
    let fitted = try ForeignWeights(reading: scratch / "model.safetensors")
      .parameters(layout: network.parameters)
    #expect(fitted.parameters.elements == known.elements)
    #expect(fitted.renamed.count == network.parameters.count)
    #expect(
      Set(fitted.leftOut) == [
        "_orig_mod.lm_head.weight", "_orig_mod.transformer.h.0.attn.bias",
      ])
  }

  @Test("weights whose conv1 is 3 × 3 have the stem of CIFAR, unless the run file says another")
  func stem() throws {
    func model(_ more: [String: ConfigurationValue]) throws -> ModelConfiguration {
      let values: [String: ConfigurationValue] = ["kind": .string("resnet"), "depth": .int(18)]
      return try ModelConfiguration(
        from: ConfigurationMap(values.merging(more) { $1 }, file: "r.yaml"))
    }
    let (open, cifar) = (try model([:]), try model(["stem": .string("cifar")]))
    let block = ["layer1.0.conv1.weight": [64, 64, 3, 3]]
    for name in ["conv1.weight", "module.conv1.weight"] {
      let fitted = open.fitted(to: block.merging([name: [64, 3, 3, 3]]) { $1 })
      #expect(fitted?.model == cifar)
      #expect(fitted?.note.contains("`stem: cifar`") == true)
      #expect(open.fitted(to: block.merging([name: [64, 3, 7, 7]]) { $1 }) == nil)
    }
    #expect(cifar.fitted(to: ["conv1.weight": [64, 3, 3, 3]]) == nil)
    let said = try model(["stem": .string("imagenet")])
    #expect(said.fitted(to: ["conv1.weight": [64, 3, 3, 3]]) == nil)
    // Records of runs from before there was a choice stay what they are.
    #expect(said.value == open.value && said.value != cifar.value)
    guard case .map(let settings) = cifar.value else { return }
    #expect(
      try ModelConfiguration(from: ConfigurationMap(settings, file: "r.yaml")) == cifar)
    #expect(diagnosed { _ = try model(["stem": .string("small")]) } != nil)
    let small = try cifar.network(inputShape: [3, 8, 8], outputs: 2)
    #expect(
      small.parameters.first { $0.name.hasSuffix("conv1.weight") }?.shape == [64, 3, 3, 3])
  }

  @Test("the separator of pairs is the tokenizer's, unless texts are single")
  func separator() throws {
    let scratch = try ScratchFolder()
    let folder = Self.folder("bert-regression")
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(atPath: "\(folder)/\(file)", toPath: scratch / file)
    }
    func separator(_ tokenizer: String?) throws -> Int? {
      if let tokenizer {
        try tokenizer.write(toFile: scratch / "tokenizer.json", atomically: true, encoding: .utf8)
      }
      guard case .bert(let sizes)? = try PretrainedModel.beside(scratch.path)?.architecture else {
        return nil
      }
      return sizes.separator
    }
    #expect(try separator(nil) == nil)
    let bert = #"{"type": "BertProcessing", "sep": ["[SEP]", 5], "cls": ["[CLS]", 4]}"#
    #expect(try separator(#"{"post_processor": \#(bert)}"#) == 5)
    func template(_ type: Int) -> String {
      let pieces = [
        #"{"SpecialToken": {"id": "[CLS]", "type_id": 0}}"#,
        #"{"Sequence": {"id": "A", "type_id": 0}}"#,
        #"{"SpecialToken": {"id": "[SEP]", "type_id": 0}}"#,
        #"{"Sequence": {"id": "B", "type_id": \#(type)}}"#,
      ]
      return #"""
        {"post_processor": {"type": "TemplateProcessing", "pair": [\#(pieces.joined(separator: ","))],
         "special_tokens": {"[SEP]": {"id": "[SEP]", "ids": [6], "tokens": ["[SEP]"]}}}}
        """#
    }
    #expect(try separator(template(1)) == 6)
    #expect(try separator(template(0)) == nil)
    let pairs = try PretrainedModel(reading: Self.folder("bert-pairs") + "/config.json")
    #expect(
      pairs.architecture.notes(outputs: 3, areTexts: false)
        == ["tokens behind the first 3 (the separator of pairs) have type 1"])
    guard case .bert(let single) = pairs.withoutSeparator().architecture else { return }
    #expect(single.separator == nil)
    #expect(pairs.withoutSeparator().architecture.notes(outputs: 3, areTexts: true) == [])
    #expect(pairs.withoutSeparator().architecture.notes(outputs: 3, areTexts: false).count == 1)
  }
}
