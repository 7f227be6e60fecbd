import Foundation
import TestSupport
import Testing

/// Models of Hugging Face by the binary: imported, asked, exported and imported again.
@Suite struct ModelFamilyImportTests {
  struct Expected: Decodable {
    let inputShape: [Int]
    let inputs: [Double]
    let classes: [Int]?
    let values: [Double]?
    let logits, losses: [Double]
  }

  let work: Workspace

  init() throws {
    work = try Workspace()
    try FileManager.default.copyItem(atPath: fixture("Families"), toPath: work.file("models"))
  }

  private func expected(_ name: String) throws -> Expected {
    try Fixture.load("Families/\(name)/expected.json", as: Expected.self)
  }

  /// The examples of a model's fixture as a file, and the lines of a run file that read them.
  private func data(_ name: String) throws -> String {
    let known = try expected(name)
    let width = known.inputShape[1]
    let ids = known.inputs.map { Int($0) }
    let labels =
      known.classes.map { $0.map(String.init) } ?? known.values.map { $0.map { "\($0)" } }
    guard let labels else {
      var bytes = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
      var header =
        "{'descr': '<i4', 'fortran_order': False, 'shape': (\(ids.count / width), \(width))}"
      header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
      bytes += [UInt8(header.utf8.count), 0] + Array(header.utf8)
      for id in ids { withUnsafeBytes(of: Int32(id).littleEndian) { bytes += Array($0) } }
      try bytes.write(to: URL(fileURLWithPath: work.file("\(name).npy")))
      let source = "{format: npy, path: \(name).npy, vocabulary: 11}"
      return "  train: \(source)\n  test: \(source)\n"
    }
    var text = (0..<width).map { "t\($0)," }.joined() + "label\n"
    for (row, label) in labels.enumerated() {
      text += ids[row * width..<(row + 1) * width].map { "\($0)," }.joined() + "\(label)\n"
    }
    try work.write(text, to: "\(name).csv")
    let source = "{format: csv, path: \(name).csv, label: label}"
    return "  task: \(known.classes == nil ? "regression" : "classification")\n"
      + "  train: \(source)\n  test: \(source)\n"
  }

  @discardableResult
  private func importing(
    _ name: String, _ data: String, from folder: String? = nil, _ notes: String...
  ) throws -> AscribeProcess.Result {
    try work.write("name: \(name)\ndata:\n\(data)", to: "\(name).yaml")
    let result = try work.succeed(
      "import", folder ?? "models/\(name)", "--data", "\(name).yaml", "--overwrite")
    for note in notes {
      #expect((result.output + result.errors).contains(note), "\(result.output)\(result.errors)")
    }
    return result
  }

  /// Checks losses, and logits where there are some, of the run's test examples.
  private func check(_ run: String, _ known: Expected) throws {
    let rows = try #require(try work.object("outputs", run)["examples"] as? [[String: Any]])
    let losses = rows.compactMap { $0["loss"] as? Double }
    #expect(relativeDifference(losses, known.losses) < 1e-4)
    let logits = rows.flatMap { ($0["logits"] as? [Double]) ?? [] }
    if !logits.isEmpty { #expect(relativeDifference(logits, known.logits) < 1e-4) }
  }

  @Test(
    "a family's run has the losses of transformers, also exported and imported again",
    arguments: [
      "mistral", "qwen2", "qwen3", "olmo2", "gemma2", "gpt_neox", "gpt_neox-serial", "roberta",
      "distilbert", "bert-pairs", "bert-regression", "llama-biases", "qwen3-biases", "nanogpt",
      "nanogpt-bare",
    ])
  func imported(name: String) throws {
    let (known, data) = (try expected(name), try data(name))
    try importing(name, data)
    try check(name, known)
    let answer = try work.object("query", name, "--test", "0", "--method", "gradcos")
    #expect((answer["queries"] as? [[String: Any]])?.count == 1)
    try work.succeed("export", name, "--out", "out")
    #expect(
      try work.bytes("out/model.safetensors").count > 0 && work.exists("out/config.json"))
    try importing(name, data, from: "out")
    try check(name, known)
  }

  @Test(
    "the second text of a pair has type 1 behind the separator, else a line says that all are 0")
  func pairs() throws {
    let (known, data) = (try expected("bert-pairs"), try data("bert-pairs"))
    let config = "models/bert-pairs/config.json"
    try importing(
      "bert-pairs", data, "note: tokens behind the first 3 (the separator of pairs) have type 1")
    try work.write(
      try work.text(config).replacingOccurrences(of: "\"sep_token_id\": 3,", with: ""), to: config)
    try importing("bert-pairs", data, "note: all tokens have type 0; of pairs the second text")
    try work.write(
      #"{"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}}"#,
      to: "models/bert-pairs/tokenizer.json")
    try importing("bert-pairs", data, "note: tokens behind the first 3")
    try check("bert-pairs", known)
  }

  @Test("what torch.save writes is refused with the lines of Python that make safetensors of it")
  func pickles() throws {
    let data = try data("nanogpt")
    try work.write("name: p\ndata:\n\(data)", to: "p.yaml")
    func archive(_ words: String) -> Data {
      Data([0x50, 0x4B, 3, 4] + Array("....archive/data.pkl \(words)".utf8))
    }
    try FileManager.default.createDirectory(
      atPath: work.file("out"), withIntermediateDirectories: true)
    try archive("model model_args optimizer").write(
      to: URL(fileURLWithPath: work.file("out/ckpt.pt")))
    for source in ["out", "out/ckpt.pt"] {
      let refused = try work.fail(
        3, "import", source, "--data", "p.yaml",
        words: [
          "torch.save writes in nanoGPT", "at:  out/ckpt.pt", "torch.load(\"ckpt.pt\"",
          "c[\"model\"].items()", "\"model_type\": \"nanogpt\"", "config.json",
        ])
      #expect(!refused.errors.contains("header"))
    }
    try archive("state_dict").write(to: URL(fileURLWithPath: work.file("out/ckpt.pt")))
    let other = try work.fail(
      3, "import", "out", "--data", "p.yaml", words: ["torch.save", "model.safetensors"])
    #expect(!other.errors.contains("model_args"))
    // A pipe is not waited for, whatever it is called.
    try #require(mkfifo(work.file("pipe.pt"), 0o600) == 0)
    let pipe = try work.fail(3, "import", "pipe.pt", "--data", "p.yaml")
    #expect(!pipe.errors.contains("torch.save writes"))
    // A pickle from before there were archives; the same bytes by another name are no such file.
    try Data([0x80, 2, 0x7D]).write(to: URL(fileURLWithPath: work.file("old.pth")))
    try work.fail(3, "import", "old.pth", "--data", "p.yaml", words: ["torch.save writes"])
    try Data([0x80, 2, 0x7D]).write(to: URL(fileURLWithPath: work.file("old.safetensors")))
    let short = try work.fail(3, "import", "old.safetensors", "--data", "p.yaml")
    #expect(!short.errors.contains("torch.save writes"))
  }

  @Test("classes for a model of numbers are refused with the ways out")
  func regression() throws {
    let data = try data("bert-pairs")
    try work.write("name: r\ndata:\n\(data)", to: "r.yaml")
    try work.fail(
      3, "import", "models/bert-regression", "--data", "r.yaml",
      words: ["cannot predict classes", "config.json and data", "task: regression"])
  }

  @Test("a vocabulary a little larger or smaller is read with a note; other ids are refused")
  func vocabulary() throws {
    let data = try data("qwen2")
    func with(_ count: Int) -> String {
      data.replacingOccurrences(of: "vocabulary: 11", with: "vocabulary: \(count)")
    }
    try importing(
      "qwen2", with(12), "note: the model has 11 tokens and the data 12: the others occur nowhere")
    try check("qwen2", try expected("qwen2"))
    try work.write("name: q\ndata:\n\(with(40))", to: "q.yaml")
    try work.fail(
      3, "import", "models/qwen2", "--data", "q.yaml",
      words: ["has 11 tokens, and the data 40", "vocabulary: 11"])
  }

  @Test("the pixels of byte images are standardised as the processor says, and a line says so")
  func processor() throws {
    try FileManager.default.copyItem(
      atPath: fixture("Pretrained/vit-plain"), toPath: work.file("vit"))
    try work.write(
      #"{"do_normalize": true, "do_rescale": true, "image_mean": [0.25], "image_std": [0.5]}"#,
      to: "vit/preprocessor_config.json")
    let pixels = (0..<4 * 24).map { UInt8($0 * 37 % 256) }
    func idx(_ shape: [UInt8], _ values: [UInt8], _ name: String) throws {
      let sizes: [UInt8] = shape.flatMap { [0, 0, 0, $0] }
      let header: [UInt8] = [0, 0, 8, UInt8(shape.count)] + sizes
      try Data(header + values).write(to: URL(fileURLWithPath: work.file(name)))
    }
    try idx([4, 6, 4], pixels, "images")
    try idx([4], [0, 1, 1, 0], "labels")
    let source = "{format: idx, images: images, labels: labels}"
    let data = "  train: \(source)\n  test: \(source)\n"
    try importing(
      "v", data, from: "vit",
      "pixels are standardised as vit/preprocessor_config.json says: mean "
        + "[0.25], std [0.5]")
    let own = try work.object("outputs", "v")
    try importing(
      "v", data + "  standardise: {mean: 0.25, std: 0.5}\n", from: "vit",
      "note: `standardise` is that of the run file; vit/preprocessor_config.json has mean [0.25]")
    let written = try work.object("outputs", "v")
    #expect(written["meanLoss"] as? Double == own["meanLoss"] as? Double)
    try importing("v", data + "  standardise: {mean: 0, std: 1}\n", from: "vit")
    #expect(try work.object("outputs", "v")["meanLoss"] as? Double != own["meanLoss"] as? Double)
    try work.write(
      #"{"do_normalize": true, "do_rescale": false, "image_mean": [0.25], "image_std": [0.5]}"#,
      to: "vit/preprocessor_config.json")
    try work.fail(
      3, "import", "vit", "--data", "v.yaml", words: ["do_rescale: false is not supported."])
  }

  @Test("a plain encoder becomes a classifier with a head that is drawn")
  func encoder() throws {
    let data = try data("bert-pairs")
    try work.write("name: e\ndata:\n\(data)", to: "e.yaml")
    try work.fail(
      3, "import", "models/bert-encoder", "--data", "e.yaml",
      words: ["BertModel is not supported", "{kind: pretrained, classes: N}"])
    for (run, folder) in [("e", "bert-encoder"), ("f", "bert-regression"), ("g", "roberta")] {
      try work.write(
        """
        name: \(run)
        data:
        \(data)
        model: {kind: pretrained, classes: 3}
        training: {from: models/\(folder), optimizer: adamw, rate: 0.01, batch: 4, epochs: 3}

        """, to: "\(run).yaml")
      let result = try work.succeed("train", "\(run).yaml")
      #expect(result.errors.contains("note: the head is new: 3 outputs, drawn from the seed"))
      try work.succeed("train", "\(run).yaml")
      try work.succeed("verify", run, "--data")
      try work.succeed("query", run, "--test", "0", "--method", "gradcos")
      try work.succeed("export", run, "--out", "out-\(run)")
      #expect(
        try work.text("out-\(run)/config.json").contains("ForSequenceClassification"))
    }
    try work.write(
      """
      name: h
      data:
      \(data)
      model: {kind: pretrained, classes: 3}
      training: {from: models/qwen2, rate: 0.01, epochs: 1}

      """, to: "h.yaml")
    try work.fail(3, "train", "h.yaml", words: ["qwen2 with a new head is not supported"])
  }
}
