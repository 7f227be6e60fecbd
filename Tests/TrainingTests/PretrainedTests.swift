import Checkpoints
import Configuration
import Foundation
import Models
import Networks
import Tensors
import TestSupport
import Testing

/// Models as `save_pretrained` wrote them against the logits of transformers.
@Suite("Pretrained models")
struct PretrainedTests {
  struct Outputs: Decodable {
    let tokens: [Float], shape: [Int]?
    let logits: [Double]
  }

  static func folder(_ name: String) -> String { fixture("Pretrained/\(name)") }

  @Test(
    "config.json and weights give the logits of transformers",
    arguments: [
      "gpt2", "llama", "llama-tied", "llama-sharded", "gpt2-state", "bert", "vit", "vit-plain",
      "vit-sharded", "llama-linear", "llama3",
    ])
  func logits(name: String) throws {
    let known = try #require(
      try Fixture.load("Pretrained/outputs.json", as: [String: Outputs].self)[name])
    let shape = known.shape ?? [3, 6]
    let network = try PretrainedModel(reading: Self.folder(name) + "/config.json")
      .network(inputShape: Array(shape.dropFirst()))
    let found = try ForeignCheckpoint.find(Self.folder(name))
    #expect(found.count == 1)
    let weights = try ForeignWeights(reading: try #require(found.first).path)
      .parameters(layout: network.parameters)
    #expect(weights.renamed.isEmpty == (name != "gpt2-state"))
    #expect(
      weights.leftOut.sorted()
        == (name == "gpt2-state" ? ["h.0.attn.bias", "h.1.attn.bias", "lm_head.weight"] : []))
    let outputs = network.uncheckedOutputs(
      Tensor(known.tokens, shape: shape), parameters: weights.parameters)
    let size = known.logits.map(abs).max() ?? 1
    #expect(
      zip(outputs.elements, known.logits).allSatisfy { abs(Double($0) - $1) <= 1e-5 * size })
    #expect(outputs.count == known.logits.count)
  }

  /// The error of a config.json with some members changed; a value of nil takes the member away.
  func error(_ name: String, _ changes: [String: Any?]) throws -> (any DiagnosableError)? {
    let scratch = try ScratchFolder()
    let data = try Data(contentsOf: URL(fileURLWithPath: Self.folder(name) + "/config.json"))
    var members = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    for (key, value) in changes { members[key] = value }
    try JSONSerialization.data(withJSONObject: members)
      .write(to: URL(fileURLWithPath: scratch / "config.json"))
    return diagnosed { _ = try PretrainedModel(reading: scratch / "config.json") }
  }

  @Test("what is not built is refused by its key")
  func unsupported() throws {
    #expect(
      try error("gpt2", ["model_type": "mamba"])?.what == "the architecture mamba is not supported."
    )
    let other = try error("gpt2", ["architectures": ["GPT2ForSequenceClassification"]])
    #expect(other?.what == "the architecture GPT2ForSequenceClassification is not supported.")
    #expect(
      other?.remedy
        == "import one of BertForSequenceClassification, DistilBertForSequenceClassification, "
        + "GPT2LMHeadModel, GPTNeoXForCausalLM, Gemma2ForCausalLM, LlamaForCausalLM, "
        + "MistralForCausalLM, NanoGPT, Olmo2ForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM, "
        + "RobertaForSequenceClassification, ViTForImageClassification, or describe the network in the run file's `model`."
    )
    #expect(
      try error("gpt2", ["scale_attn_weights": false])?.what
        == "scale_attn_weights: false is not supported.")
    #expect(
      try error("gpt2", ["activation_function": "mish"])?.what
        == "activation_function: \"mish\" is not supported.")
    #expect(try error("gpt2", ["n_head": 3])?.what == "n_head: 3 is not supported.")
    #expect(try error("llama", ["attention_bias": true]) == nil)
    #expect(
      try error("llama", ["attention_bias": "yes"]) is ConfigurationError)
    #expect(
      try error("llama", ["rope_parameters": ["rope_type": "yarn"]])?.what
        == "rope_type: \"yarn\" is not supported.")
    #expect(
      try error("llama", ["hidden_act": "gelu"])?.what == "hidden_act: \"gelu\" is not supported.")
    #expect(try error("gpt2", ["n_embd": 1e99]) is ConfigurationError)
    #expect(try error("gpt2", ["vocab_size": Optional<Any>.none]) is ConfigurationError)
    #expect(try error("gpt2", [:]) == nil)
    #expect(
      try error("bert", ["position_embedding_type": "relative_key"])?.what
        == "position_embedding_type: \"relative_key\" is not supported.")
    #expect(try error("bert", ["is_decoder": true])?.what == "is_decoder: true is not supported.")
    #expect(try error("bert", ["problem_type": "regression"]) == nil)
    #expect(
      try error("vit", ["patch_size": [3, 2]])?.what == "patch_size: [3,2] is not supported.")
    #expect(try error("vit", ["patch_size": 7])?.what == "patch_size: 7 is not supported.")
    #expect(try error("vit", ["image_size": "6"]) is ConfigurationError)
    #expect(try error("vit", ["qkv_bias": false]) == nil)
  }

  @Test(
    "what other models' files say is refused by its key, unless it says nothing",
    arguments: [
      ("quantization_config", #"{"quant_method":"fp8"}"#), ("pruned_heads", #"{"0":[1]}"#),
      ("sliding_window", "4"), ("partial_rotary_factor", "0.5"), ("logit_scale", "0.0625"),
    ])
  func foreignKeys(key: String, value: String) throws {
    let member = try JSONSerialization.jsonObject(
      with: Data(value.utf8), options: .fragmentsAllowed)
    #expect(try error("llama", [key: member])?.what == "\(key): \(value) is not supported.")
    for nothing: Any in [NSNull(), false, 1, [Any](), [String: Any]()] {
      #expect(try error("llama", [key: nothing]) == nil)
    }
  }

  @Test("rotary settings are refused by their own names, also where both spellings stand")
  func rotarySettings() throws {
    func what(_ changes: [String: Any?]) throws -> String? { try error("llama", changes)?.what }
    let plain: [String: Any] = ["rope_type": "default", "rope_theta": 50]
    #expect(
      try what(["rope_scaling": ["type": "dynamic", "factor": 2.0]])
        == "type: \"dynamic\" is not supported.")
    #expect(
      try what(["rope_parameters": plain.merging(["partial_rotary_factor": 0.5]) { $1 }])
        == "partial_rotary_factor: 0.5 is not supported.")
    #expect(
      try what(["rope_parameters": plain, "rope_scaling": ["rope_type": "yarn"]])
        == "rope_type: \"yarn\" is not supported.")
    #expect(try what(["rope_parameters": plain]) == nil)
    #expect(
      try what(["rope_scaling": ["type": "linear", "factor": 2, "odd": 3]])
        == "odd: 3 is not supported.")
    let llama3: [String: Any] = ["rope_type": "llama3", "factor": 8, "low_freq_factor": 4]
    #expect(
      try what(["rope_scaling": llama3.merging(["high_freq_factor": 4]) { $1 }])
        == "high_freq_factor: 4 is not supported.")
    #expect(try error("llama", ["rope_scaling": llama3]) is ConfigurationError)
  }

  @Test("a language model without its head is read, a class of another family is not")
  func classes() throws {
    #expect(try error("gpt2", ["architectures": ["GPT2Model"]]) == nil)
    #expect(try error("llama-tied", ["architectures": ["LlamaModel"]]) == nil)
    #expect(
      try error("gpt2", ["architectures": ["LlamaForCausalLM"]])?.what
        == "the architecture LlamaForCausalLM is not supported.")
    #expect(try error("bert", ["architectures": ["BertModel"]]) != nil)
  }

  @Test("members that are not read are named")
  func unread() throws {
    for name in ["gpt2", "llama", "llama-tied", "bert", "vit", "vit-plain"] {
      #expect(try PretrainedModel(reading: Self.folder(name) + "/config.json").unread == [])
    }
    func unread(_ name: String, _ more: [String: ConfigurationValue]) throws -> [String] {
      let known = try PretrainedModel(reading: Self.folder(name) + "/config.json")
      return try PretrainedModel(
        from: ConfigurationMap(known.values.merging(more) { $1 }, file: "config.json")
      ).unread
    }
    #expect(
      try unread("llama", ["attention_dropout": .double(0.5), "odd": .int(3), "none": .null])
        == ["attention_dropout", "odd"])
    #expect(try unread("gpt2", ["embd_pdrop": .double(0.5)]) == ["embd_pdrop"])
  }

  @Test("checkpoints whose files describe different models are refused by the key")
  func severalModels() throws {
    let scratch = try ScratchFolder()
    for step in [1, 2] {
      try FileManager.default.copyItem(
        atPath: Self.folder("gpt2"), toPath: scratch / "checkpoint-\(step)")
    }
    #expect(try PretrainedModel.beside(scratch.path) != nil)
    let file = scratch / "checkpoint-2/config.json"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try text.replacing("\"gelu_new\"", with: "\"relu\"")
      .write(toFile: file, atomically: true, encoding: .utf8)
    let error = diagnosed { _ = try PretrainedModel.beside(scratch.path) }
    let first = scratch / "checkpoint-1/config.json"
    #expect(
      error?.what == "activation_function is \"relu\", and \"gelu_new\" in \(first): "
        + "the checkpoints are not of one model.")
    #expect(error?.location.hasSuffix("checkpoint-2/config.json") == true)
    #expect(error?.remedy == "import the checkpoints of one model.")
  }

  @Test("a config.json may name 21,843 classes, as that of ImageNet-21k does")
  func manyClasses() throws {
    let names = (0..<21_843).map { "class \($0), a name of some length, and another" }
    let byNumber = Dictionary(uniqueKeysWithValues: names.enumerated().map { ("\($0)", $1) })
    let byName = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    #expect(try error("vit", ["id2label": byNumber, "label2id": byName]) == nil)
  }

  @Test("older spellings of the rotary base are read")
  func rotaryBase() throws {
    let scratch = try ScratchFolder()
    func read(_ more: String) throws -> TransformerArchitecture {
      let text = """
        {"model_type": "llama", "vocab_size": 5, "hidden_size": 8, "intermediate_size": 4,
         "num_hidden_layers": 1, "num_attention_heads": 2, "max_position_embeddings": 4\(more)}
        """
      try Data(text.utf8).write(to: URL(fileURLWithPath: scratch / "config.json"))
      return try PretrainedModel(reading: scratch / "config.json").architecture
    }
    var sizes = LlamaConfiguration(
      vocabulary: 5, context: 4, layers: 1, heads: 2, width: 8, mlpWidth: 4)
    #expect(try read("") == .llama(sizes))
    sizes.rotaryBase = 500
    #expect(try read(#", "rope_theta": 500.0, "rope_scaling": null"#) == .llama(sizes))
    #expect(try read(#", "rope_parameters": {"rope_theta": 500}"#) == .llama(sizes))
    sizes.rotaryScaling = .linear(factor: 2)
    let linear = #"{"type": "linear", "factor": 2}"#
    #expect(try read(#", "rope_theta": 500, "rope_scaling": \#(linear)"#) == .llama(sizes))
    sizes.rotaryScaling = .llama3(factor: 8, low: 1, high: 4, context: 4)
    let members = #""rope_type": "llama3", "factor": 8, "low_freq_factor": 1"#
    #expect(
      try read(#", "rope_parameters": {"rope_theta": 500, \#(members), "high_freq_factor": 4}"#)
        == .llama(sizes))
  }
}
