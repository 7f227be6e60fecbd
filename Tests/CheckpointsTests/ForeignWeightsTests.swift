import Checkpoints
import Factors
import Foundation
import Storage
import TestSupport
import Tensors
import Testing

/// Weights that PyTorch saved, under its many names and types, against the weights themselves.
@Suite("Weights from elsewhere")
struct ForeignWeightsTests {
  let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  static let layout = [
    Parameter(name: "0.weight", shape: [5, 4], offset: 0),
    Parameter(name: "0.bias", shape: [5], offset: 20),
    Parameter(name: "2.weight", shape: [3, 5], offset: 25),
    Parameter(name: "2.bias", shape: [3], offset: 40),
  ]

  static func weights(_ name: String) throws -> ForeignWeights {
    let found = try ForeignCheckpoint.find(fixture("Import/\(name)"))
    return try ForeignWeights(reading: try #require(found.first).path)
  }

  /// Writes tensors of ones and returns what reading them for a layout says.
  func error(
    _ tensors: [(String, [Int])], layout: [Parameter] = layout
  ) throws -> (any DiagnosableError)? {
    let path = folder / "\(UUID().uuidString).safetensors"
    try SafetensorsFile.write(tensors.map { ($0.0, Tensor(repeating: 1, shape: $0.1)) }, to: path)
    return diagnosed { _ = try ForeignWeights(reading: path).parameters(layout: layout) }
  }

  static let whole: [(String, [Int])] = [
    ("0.weight", [5, 4]), ("0.bias", [5]), ("2.weight", [3, 5]), ("2.bias", [3]),
  ]

  @Test(
    "the weights are the same under PyTorch's own names, prefixes and shards",
    arguments: ["parallel", "sharded"])
  func sameWeights(name: String) throws {
    let plain = try Self.weights("plain").parameters(layout: Self.layout)
    let other = try Self.weights(name).parameters(layout: Self.layout)
    #expect(plain.renamed.isEmpty && plain.leftOut.isEmpty)
    #expect(other.parameters.elements == plain.parameters.elements)
    #expect(other.renamed.isEmpty == (name == "sharded"))
  }

  @Test("the scale and shift of old BERT files are weight and bias")
  func oldNames() throws {
    let layout = [
      Parameter(name: "bert.embeddings.LayerNorm.weight", shape: [3], offset: 0),
      Parameter(name: "bert.embeddings.LayerNorm.bias", shape: [3], offset: 3),
    ]
    let path = folder / "old.safetensors"
    try SafetensorsFile.write(
      [
        ("bert.embeddings.LayerNorm.beta", Tensor(repeating: 2, shape: [3])),
        ("bert.embeddings.LayerNorm.gamma", Tensor(repeating: 1, shape: [3])),
      ], to: path)
    let fitted = try ForeignWeights(reading: path).parameters(layout: layout)
    #expect(fitted.parameters.elements == [1, 1, 1, 2, 2, 2])
    #expect(fitted.renamed.count == 2)
  }

  @Test("half precisions are widened exactly, float64 is rounded to float32")
  func types() throws {
    let plain = try Self.weights("plain").parameters(layout: Self.layout).parameters.elements
    func read(_ name: String) throws -> [Float] {
      try Self.weights(name).parameters(layout: Self.layout).parameters.elements
    }
    #expect(try read("float64") == plain)
    #expect(try read("float16") == plain.map { Float(Float16($0)) })
    let brain = try read("bfloat16")
    #expect(zip(brain, plain).allSatisfy { abs($0 - $1) <= abs($1) / 256 })
    #expect(brain.allSatisfy { $0.bitPattern & 0xFFFF == 0 } && brain != plain)
  }

  @Test(
    "names that differ by one number or by their modules' names are understood",
    arguments: [
      ("shifted", ["1.weight", "1.bias", "4.weight", "4.bias"]),
      ("named", ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]),
    ])
  func renamed(name: String, tensors: [String]) throws {
    let fitted = try Self.weights(name).parameters(layout: Self.layout)
    #expect(fitted.renamed.map(\.tensor) == tensors)
    #expect(fitted.renamed.map(\.parameter) == Self.layout.map(\.name))
  }

  @Test("modules without numbers fit by their shapes where these differ, and only there")
  func byShape() throws {
    #expect(
      try error([
        ("out.weight", [3, 5]), ("out.bias", [3]), ("in.weight", [5, 4]), ("in.bias", [5]),
      ])
        == nil)
    let square = [
      Parameter(name: "0.weight", shape: [3, 3], offset: 0),
      Parameter(name: "2.weight", shape: [3, 3], offset: 9),
    ]
    #expect(try error([("a.weight", [3, 3]), ("b.weight", [3, 3])], layout: square) != nil)
    #expect(try error([("fc9.weight", [3, 3]), ("fc10.weight", [3, 3])], layout: square) == nil)
  }

  @Test("numbers count as numbers: fc10 comes after fc9")
  func numericOrder() throws {
    let path = folder / "n.safetensors"
    try SafetensorsFile.write(
      [("fc10.weight", Tensor([10], shape: [1, 1])), ("fc9.weight", Tensor([9], shape: [1, 1]))],
      to: path)
    let layout = [
      Parameter(name: "0.weight", shape: [1, 1], offset: 0),
      Parameter(name: "2.weight", shape: [1, 1], offset: 1),
    ]
    let read = try ForeignWeights(reading: path).parameters(layout: layout)
    #expect(read.parameters.elements == [9, 10])
  }

  @Test("counters, positions and causal masks are left out and named")
  func buffers() throws {
    let path = folder / "buffers.safetensors"
    var tensors = Self.whole.map { ($0.0, Tensor(repeating: 1, shape: $0.1)) }
    tensors.append(("bn.num_batches_tracked", Tensor([3], shape: [])))
    tensors.append(("h.0.attn.bias", Tensor(repeating: 1, shape: [1, 1, 2, 2])))
    try SafetensorsFile.write(tensors, to: path)
    let read = try ForeignWeights(reading: path).parameters(layout: Self.layout)
    #expect(read.leftOut == ["bn.num_batches_tracked", "h.0.attn.bias"])
  }

  @Test("every tensor that does not fit is named with its shape")
  func differences() throws {
    let found = try #require(
      try error([
        ("0.weight", [5, 7]), ("0.bias", [5]), ("2.bias", [3]), ("head.weight", [9, 5]),
      ]))
    #expect(
      found.what
        == "the tensors are not the network's: missing 2.weight [3, 5]; unknown head.weight [9, 5]; "
        + "0.weight [5, 7] instead of [5, 4].")
    #expect(
      found.remedy
        == "make `model` of the run file the network that the weights are of, or rename the tensors."
    )
    #expect(found.exitCode == 3)
  }

  @Test("differences are told in the spelling that comes nearest")
  func nearestSpelling() throws {
    let found = try #require(
      try error(Self.whole.dropLast().map { ("module." + $0.0, $0.1) }))
    #expect(found.what == "the tensors are not the network's: missing 2.bias [3].")
  }

  @Test("a value that is not finite, and an integer tensor, are refused by name")
  func values() throws {
    let path = folder / "nan.safetensors"
    var tensors = Self.whole.map { ($0.0, Tensor(repeating: 1, shape: $0.1)) }
    tensors[2].1 = Tensor([Float](repeating: .nan, count: 15), shape: [3, 5])
    try SafetensorsFile.write(tensors, to: path)
    let nan = diagnosed {
      _ = try ForeignWeights(reading: path).parameters(layout: Self.layout)
    }
    #expect(nan?.what == "element 0 of \"2.weight\" is nan.")
    let header = #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
    var bytes = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    bytes += Array(header.utf8) + [UInt8](repeating: 0, count: 8)
    try Data(bytes).write(to: URL(fileURLWithPath: folder / "whole.safetensors"))
    let whole = diagnosed {
      _ = try ForeignWeights(reading: folder / "whole.safetensors")
        .parameters(layout: [Parameter(name: "a", shape: [1], offset: 0)])
    }
    #expect(
      whole?.what == "\"a\" has elements of type I64; only F16, BF16, F32 and F64 are read.")
  }

  // MARK: Folders

  @Test("files and folders by number become epochs in natural order")
  func epochs() throws {
    let files = try ForeignCheckpoint.find(fixture("Import/files"))
    #expect(files.map(\.epoch) == [2, 5, 10])
    #expect(files.allSatisfy { $0.seed == nil })
    let folders = try ForeignCheckpoint.find(fixture("Import/folders"))
    #expect(folders.map(\.epoch) == [200, 500, 1000])
    #expect(folders.last?.path.hasSuffix("checkpoint-1000/model.safetensors") == true)
  }

  @Test("names without a number each are counted in natural order; seeds come from their folders")
  func numbering() throws {
    for name in [
      "a/first.safetensors", "a/second.safetensors", "b/seed-0/e-3.safetensors",
      "b/seed-10/e-3.safetensors", "b/seed-2/e-3.safetensors",
    ] {
      let path = folder / name
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try SafetensorsFile.write([("w", Tensor([1], shape: [1]))], to: path)
    }
    #expect(try ForeignCheckpoint.find(folder / "a").map(\.epoch) == [1, 2])
    #expect(try ForeignCheckpoint.find(folder / "b").map(\.seed) == [0, 2, 10])
  }

  @Test("folders that say nothing or too much are refused")
  func folders() throws {
    func make(_ names: String...) throws {
      for name in names {
        let path = folder / name
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: path))
      }
    }
    try make("none/readme.txt", "parts/model-00001-of-00002.safetensors")
    try make("both/model.safetensors", "both/model.safetensors.index.json")
    func what(_ name: String) -> String? {
      diagnosed { _ = try ForeignCheckpoint.find(folder / name) }?.what
    }
    #expect(what("none") == "there is no safetensors file.")
    #expect(
      what("parts")
        == "model-00001-of-00002.safetensors are parts of one model, whose index is missing.")
    #expect(
      what("both")
        == "it is not clear what the weights are: model.safetensors, model.safetensors.index.json.")
    #expect(what("nowhere") == "there is no file or folder of that name.")
  }

  @Test(
    "an index that lies is refused",
    arguments: [
      (
        "{",
        "the index of the shards cannot be used: it is not JSON with a weight_map from names to files."
      ),
      (#"{"weight_map": {}}"#, "the index of the shards cannot be used: its weight_map is empty."),
      (
        #"{"weight_map": {"a": "../a.safetensors"}}"#,
        "the index of the shards cannot be used: `../a.safetensors` is not a safetensors file beside it."
      ),
      (
        #"{"weight_map": {"w": "a.safetensors", "v": "a.safetensors"}}"#,
        "\"v\" is not in a.safetensors."
      ),
      (
        #"{"weight_map": {"v": "a.safetensors"}}"#,
        "the index of the shards cannot be used: a.safetensors has \"w\", which it does not list."
      ),
      (#"{"weight_map": {"w": "b.safetensors"}}"#, "the shard b.safetensors is missing."),
    ])
  func index(text: String, what: String) throws {
    try SafetensorsFile.write([("w", Tensor([1], shape: [1]))], to: folder / "a.safetensors")
    let path = folder / "model.safetensors.index.json"
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    #expect(diagnosed { _ = try ForeignWeights(reading: path) }?.what == what)
  }
}
