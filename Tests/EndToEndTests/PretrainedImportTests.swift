import Foundation
import TestSupport
import Testing

/// `ascribe import` of what `save_pretrained` wrote, without a `model` in the run file.
@Suite struct PretrainedImportTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    try FileManager.default.copyItem(
      atPath: fixture("Pretrained"), toPath: work.file("pretrained"))
    for (name, vocabulary) in [("g", 11), ("l", 13)] {
      try work.tokens(rows: 9, length: 6, vocabulary: vocabulary, seed: 1, to: "\(name)-train.npy")
      try work.tokens(rows: 3, length: 6, vocabulary: vocabulary, seed: 2, to: "\(name)-test.npy")
      try work.write(
        """
        name: \(name)
        data:
          train: {format: npy, path: \(name)-train.npy, vocabulary: \(vocabulary)}
          test: {format: npy, path: \(name)-test.npy, vocabulary: \(vocabulary)}

        """, to: "\(name).yaml")
    }
  }

  @Test(
    "GPT-2 and Llama folders become runs that answer queries",
    arguments: [("gpt2", "g"), ("gpt2-state", "g"), ("llama", "l"), ("llama-sharded", "l")])
  func models(folder: String, run: String) throws {
    try work.succeed("import", "pretrained/\(folder)", "--data", "\(run).yaml")
    let record = try work.object("inspect", run)
    #expect(record["status"] as? String == "imported")
    let model = (record["configuration"] as? [String: Any])?["model"] as? [String: Any]
    #expect(model?["kind"] as? String == "pretrained")
    let answer = try work.object("query", run, "--test", "1", "--top", "2")
    #expect((answer["queries"] as? [[String: Any]])?.count == 1)
    try work.succeed("verify", run, "--data")
  }

  @Test("the wrong data and unknown architectures are refused")
  func refused() throws {
    try work.fail(
      3, "import", "pretrained/gpt2", "--data", "l.yaml",
      words: ["has 11 tokens, and the data 13", "vocabulary: 11"])
    try work.write(
      try work.text("pretrained/gpt2/config.json")
        .replacingOccurrences(of: "GPT2LMHeadModel", with: "GPT2ForSequenceClassification"),
      to: "pretrained/gpt2/config.json")
    try work.fail(
      3, "import", "pretrained/gpt2", "--data", "g.yaml",
      words: ["the architecture GPT2ForSequenceClassification is not supported."])
    try work.remove("pretrained/gpt2/config.json")
    try work.fail(3, "import", "pretrained/gpt2", "--data", "g.yaml", words: ["model"])
  }

  @Test("the model's classes in another order are refused until data.classes has its order")
  func classOrder() throws {
    let config = "pretrained/vit-plain/config.json"
    var members = try #require(
      try JSONSerialization.jsonObject(with: Data(try work.text(config).utf8)) as? [String: Any])
    members["id2label"] = ["0": "Owl", "1": "Cat"]
    members["label2id"] = ["Owl": 0, "Cat": 1]
    try work.write(
      String(decoding: try JSONSerialization.data(withJSONObject: members), as: UTF8.self),
      to: config)
    let rows = ["cat", "owl", "cat", "owl"].enumerated().map { row, name in
      (0..<24).map { "\(Double(($0 * 7 + row) % 5) / 4)" }.joined(separator: ",") + ",\(name)"
    }
    let header = (0..<24).map { "p\($0)" }.joined(separator: ",") + ",label"
    try work.write(([header] + rows).joined(separator: "\n") + "\n", to: "pictures.csv")
    func run(_ more: String) throws {
      try work.write(
        """
        name: pictures
        data:
          train: {format: csv, path: pictures.csv, label: label}
          test: {format: csv, path: pictures.csv, label: label}
        \(more)
        """, to: "pictures.yaml")
    }
    try run("")
    try work.fail(
      3, "import", "pretrained/vit-plain", "--data", "pictures.yaml",
      words: ["(id2label) are Owl, Cat, in this order; the data's are cat, owl.", "[Owl, Cat]"])
    try run("  classes: [owl, cat]\n")
    try work.succeed("import", "pretrained/vit-plain", "--data", "pictures.yaml")
    #expect(try work.object("inspect", "pictures")["classNames"] as? [String] == ["owl", "cat"])
  }
}
