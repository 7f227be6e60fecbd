import Foundation
import TestSupport
import Testing

/// `ascribe export`, read back by `ascribe import`.
@Suite struct ExportTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    for (part, rows, seed) in [("train", 24, UInt64(1)), ("test", 6, 2)] {
      var draw = Draw(seed: seed)
      var text = "a,b,c,d,e,f,g,h,i,label\n"
      for row in 0..<rows {
        // Tokens from 1 to 6, then padding.
        let end = 5 + draw.below(5)
        let tokens = (0..<9).map { $0 < end ? 1 + draw.below(6) : 0 }
        text += tokens.map(String.init).joined(separator: ",") + ",\(row % 3)\n"
      }
      try work.write(text, to: "tokens-\(part).csv")
    }
    try work.write(
      (0..<30).map { "line \($0) of a text\n" }.joined(), to: "text.txt")
  }

  private func runFile(_ name: String, model: String?) -> String {
    let data =
      name == "mlp" || name == "bert" || name == "vit"
      ? """
        train: {format: csv, path: tokens-train.csv, label: last}
        test: {format: csv, path: tokens-test.csv, label: last}
      """
      : """
        source: {format: text, path: text.txt, tokens: characters, length: 16}
        split: {test: 6, seed: 0}
      """
    return """
      name: \(name)
      data:
      \(data)
      \(model.map { "model: \($0)" } ?? "")
      training: {optimizer: adamw, rate: 0.01, batch: 8, epochs: 2, checkpoints: [1, 2]}

      """
  }

  private static let models: [(String, String)] = [
    ("gpt2", "{kind: gpt2, layers: 1, heads: 2, width: 8}"),
    ("llama", "{kind: llama, layers: 1, heads: 4, keyHeads: 2, width: 8, mlpWidth: 12}"),
    ("bert", "{kind: bert, layers: 1, heads: 2, width: 8, vocabulary: 7, dropout: 0.1}"),
    ("vit", "{kind: vit, layers: 1, heads: 2, width: 8, patch: 2, image: [1, 3, 3]}"),
    ("mlp", "{kind: mlp, hidden: [5]}"),
  ]

  @Test("what is exported is imported with the same bits", arguments: models)
  func roundTrip(name: String, model: String) throws {
    try work.write(runFile(name, model: model), to: "run.yaml")
    try work.succeed("train", "run.yaml")
    for epoch in ["1", "2"] {
      let exported = try work.object("export", name, "--out", "out-\(epoch)", "--checkpoint", epoch)
      #expect(exported["epoch"] as? Int == Int(epoch))
      let isPlain = name == "mlp"
      #expect((exported["architecture"] as? String == nil) == isPlain)
      #expect(work.exists("out-\(epoch)/config.json") == !isPlain)
      // A transformer's model is in its config.json.
      try work.write(runFile(name, model: isPlain ? model : nil), to: "back.yaml")
      try work.succeed(
        "import", "out-\(epoch)", "--data", "back.yaml", "--name", "back", "--overwrite")
      let back = try work.object("inspect", "back")
      let hashes = (back["results"] as? [[String: Any]])?.compactMap { $0["modelHash"] as? String }
      #expect(hashes == [try #require(exported["modelHash"] as? String)])
      let outputs = try ["back", name].map {
        let answer = try work.object("outputs", $0, "--epoch", $0 == name ? epoch : "1")
        let examples = try #require(answer["examples"])
        return try JSONSerialization.data(withJSONObject: examples, options: .sortedKeys)
      }
      #expect(outputs[0] == outputs[1])
      // The same again, from the imported run.
      try work.succeed("export", "back", "--out", "again-\(epoch)")
      #expect(
        try work.bytes("again-\(epoch)/model.safetensors")
          == work.bytes("out-\(epoch)/model.safetensors"))
      if !isPlain {
        #expect(
          try work.bytes("again-\(epoch)/config.json") == work.bytes("out-\(epoch)/config.json"))
      }
    }
    #expect(try work.bytes("out-1/model.safetensors") != work.bytes("out-2/model.safetensors"))
  }

  @Test("a folder with something in it, and epochs that are not there, are refused")
  func refused() throws {
    try work.write(Workspace.runFile(), to: "r.yaml")
    try work.succeed("train", "r.yaml")
    try FileManager.default.createDirectory(
      atPath: work.file("empty"), withIntermediateDirectories: false)
    try work.succeed("export", "r", "--out", "empty/")
    let first = try work.bytes("empty/model.safetensors")
    try work.fail(
      3, "export", "r", "--out", "empty", "--checkpoint", "1", words: ["the folder is not empty."])
    #expect(try work.bytes("empty/model.safetensors") == first)
    try work.write("text", to: "file")
    try work.fail(3, "export", "r", "--out", "file", words: ["the folder is not empty."])
    #expect(try work.text("file") == "text")
    try work.fail(3, "export", "r", "--out", "new", "--checkpoint", "77", words: ["epoch 77"])
    try work.fail(3, "export", "r", "--out", "new", "--seed", "5", words: ["seed 5"])
    #expect(!work.exists("new"))
    let left = try FileManager.default.contentsOfDirectory(atPath: work.path)
    #expect(!left.contains { $0.hasSuffix(".ascribe-partial") })
  }

  @Test("data that a BERT or a ViT cannot read is refused by what is wrong")
  func wrongData() throws {
    func refuse(_ model: String, _ words: String...) throws {
      try work.write(runFile("bert", model: model), to: "wrong.yaml")
      let result = try work.run("train", "wrong.yaml")
      #expect(result.code == 3)
      for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
    }
    try refuse("{kind: bert, layers: 1, heads: 2, width: 8, vocabulary: 6}", "tokens from 0 to 5")
    try refuse(
      "{kind: bert, layers: 1, heads: 2, width: 8, vocabulary: 7, context: 8}",
      "has a context of 8, and the sequences are 9 long")
    try refuse(
      "{kind: bert, layers: 1, heads: 2, width: 8, vocabulary: 9, padding: 3}", "padding")
    try refuse("{kind: vit, layers: 1, heads: 2, width: 8, patch: 2}", "kind `vit` reads images")
    try refuse(
      "{kind: vit, layers: 1, heads: 2, width: 8, patch: 4, image: [1, 3, 3]}",
      "at least 4 × 4 pixels")
    try refuse("{kind: gpt2, layers: 1, heads: 2, width: 8}", "cannot predict classes")
  }
}
