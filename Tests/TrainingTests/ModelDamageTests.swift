import Checkpoints
import Foundation
import Networks
import Tensors
import TestSupport
import Testing

@testable import Models

/// Damaged descriptions of models are read or refused with a diagnosable error; nothing ends the
/// process, and no size in them takes memory or time.
@Suite("Random damage to descriptions of models")
struct ModelDamageTests {
  static let seeds = fuzzSeeds(200)

  static let words = [
    "-1", "0", "1", "3", "10000", "1073741824", "2147483648", "9223372036854775807",
    "18446744073709551616", "1e999", "1e-300", "1.5", "null", "true", "false", "[]", "{}", "\"\"",
    "[[[[[[[[", "{\"a\":", "\"", ",", ":", "\\ud800", "\u{0}", "\u{E9}", "\"gelu\"", "\"llama\"",
    "\"bert\"", "num_", "n_embd", "head_dim", "rope_", "id2label", "<<", "&a", "*a", "---", "#",
  ]

  /// Damages a file of a folder, seed after seed, and reads it.
  private func damage(
    _ file: String, of folder: ScratchFolder, _ read: () throws -> Void
  ) throws {
    let url = URL(fileURLWithPath: folder / file)
    let whole = [UInt8](try Data(contentsOf: url))
    try read()
    var refused = 0
    for seed in 0..<Self.seeds {
      try Data(damaged(whole, seed: seed, words: Self.words)).write(to: url)
      do {
        try read()
      } catch {
        #expect(error is any DiagnosableError, "seed \(seed): \(error)")
        #expect((error as? any DiagnosableError)?.remedy.isEmpty == false)
        refused += 1
      }
    }
    #expect(refused > Self.seeds / 4)
  }

  @Test("a damaged config.json", arguments: ["gpt2", "llama", "bert", "vit"])
  func configuration(name: String) throws {
    let scratch = try ScratchFolder()
    for file in ["config.json", "model.safetensors"] {
      try FileManager.default.copyItem(
        atPath: fixture("Pretrained/\(name)/\(file)"), toPath: scratch / file)
    }
    let weights = try ForeignWeights(reading: scratch / "model.safetensors")
    try damage("config.json", of: scratch) {
      let model = try PretrainedModel(reading: scratch / "config.json")
      // What data may say, and what is asked before a network is made for it.
      let shape = name == "vit" ? [2, 6, 6] : [6]
      if model.architecture.problem(inputShape: shape, outputs: model.outputs) == nil {
        let network = model.network(inputShape: shape)
        _ = try weights.parameters(layout: network.parameters)
      }
    }
  }

  @Test("a damaged adapter_config.json", arguments: ["gpt2", "llama"])
  func adapter(name: String) throws {
    let scratch = try ScratchFolder()
    for file in ["adapter_config.json", "adapter_model.safetensors"] {
      try FileManager.default.copyItem(
        atPath: fixture("PEFT/\(name)/\(file)"), toPath: scratch / file)
    }
    let model = try PretrainedModel(reading: fixture("Pretrained/\(name)") + "/config.json")
      .network(inputShape: [6])
    try damage("adapter_config.json", of: scratch) {
      let adapter = try PEFTAdapter(reading: scratch.path)
      let network = try model.adapted(by: adapter.adapters, place: "p")
      _ = try adapter.parameters(of: network)
    }
  }

  @Test(
    "sizes that no machine holds are refused before a layer is made",
    arguments: [
      ("gpt2", ["n_embd", "n_inner"]), ("gpt2", ["vocab_size", "n_embd"]),
      ("llama", ["hidden_size", "num_attention_heads", "num_key_value_heads", "head_dim"]),
      ("llama", ["head_dim", "intermediate_size", "hidden_size"]),
      ("bert", ["hidden_size", "vocab_size"]), ("vit", ["hidden_size", "num_channels"]),
    ])
  func sizes(name: String, keys: [String]) throws {
    let scratch = try ScratchFolder()
    var members = try #require(
      try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(fileURLWithPath: fixture("Pretrained/\(name)/config.json"))))
        as? [String: Any])
    for key in keys { members[key] = 1 << 30 }
    let file = scratch / "config.json"
    try JSONSerialization.data(withJSONObject: members).write(to: URL(fileURLWithPath: file))
    let error = diagnosed { _ = try PretrainedModel(reading: file) }
    #expect(error?.what.hasPrefix("the model of \(file) needs at least ") == true, "\(keys)")
    #expect(error?.what.contains("GB of memory") == true)
    #expect(error?.remedy == "check its sizes, or use a machine with more memory.")
  }

  @Test(
    "the least number of parameters is below the network's own",
    arguments: [
      "gpt2", "llama", "llama-tied", "bert", "vit", "vit-plain",
    ] + ModelFamilyTests.names.map { "../Families/\($0)" })
  func least(name: String) throws {
    let model = try PretrainedModel(reading: fixture("Pretrained/\(name)/config.json"))
    let (least, all) = (model.architecture.leastParameters, Double(model.network().parameterCount))
    #expect(least <= all && least > all / 2, "\(least) of \(all)")
  }
}

extension PretrainedModel {
  /// Tokens or classes.
  fileprivate var outputs: Int { architecture.outputs }
}
