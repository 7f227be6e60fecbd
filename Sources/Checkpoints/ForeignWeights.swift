import Factors
import Foundation
import Storage
import SystemPackage
import Tensors

/// The weights of a model that was made elsewhere: a safetensors file, or the shards of an index.
///
///     model.safetensors.index.json:  {"weight_map": {"0.weight": "model-00001-of-00002.safetensors", …}}
///
/// - Source: the layout that Hugging Face `save_pretrained` writes.
public struct ForeignWeights: Sendable {
  /// The file, or the index.
  public let path: String
  /// All tensors, shard after shard.
  public let entries: [SafetensorsEntry]
  private let files: [SafetensorsFile]
  private let shards: [String: Int]

  /// Reads and checks every file.
  ///
  /// - Parameter path: ends in `.safetensors`, or is an index that ends in `.json`.
  /// - Throws: `CheckpointError` for every violation of the format, a shard that is missing, and a
  ///   tensor that is not where the index says; `StorageError.system`.
  public init(reading path: String) throws {
    self.path = path
    guard path.hasSuffix(".json") else {
      let file = try ForeignWeights.file(path)
      (files, entries) = ([file], file.entries)
      shards = Dictionary(uniqueKeysWithValues: file.entries.map { ($0.name, 0) })
      return
    }
    let index = try ForeignWeights.index(path)
    let folder = FilePath(path).removingLastComponent()
    let names = Set(index.values).sorted()
    files = try names.map { name in
      do {
        return try SafetensorsFile(reading: folder.appending(name).string)
      } catch StorageError.system(_, _, let code) where code == ENOENT {
        throw CheckpointError.missingShard(name: name, file: path)
      }
    }
    var shards: [String: Int] = [:]
    for (position, file) in files.enumerated() {
      for entry in file.entries {
        guard index[entry.name] == names[position] else {
          throw CheckpointError.badIndex(
            problem: "\(names[position]) has \"\(entry.name)\", which it does not list", file: path)
        }
        shards[entry.name] = position
      }
    }
    for (name, shard) in index.sorted(by: { $0.key < $1.key }) where shards[name] == nil {
      throw CheckpointError.missingInShard(name: name, shard: shard, file: path)
    }
    self.shards = shards
    entries = files.flatMap(\.entries)
  }

  /// The flat parameter vector of a network, with how the tensors' names were understood.
  public struct Fitted: Sendable {
    /// p values.
    public let parameters: Tensor
    /// `"1.weight" → "0.weight"` where the file's name is another than the network's.
    public let renamed: [(tensor: String, parameter: String)]
    /// Tensors of the file that are no parameters, and were left out.
    public let leftOut: [String]
  }

  /// The weights in a network's order.
  ///
  /// What holds no weights of layers (`num_batches_tracked`, causal masks, `criterion.weight`, …) is
  /// left out, and an output head that is a copy of the embedding where the network ties the two.
  ///
  /// - Parameter isOther: whether a tensor of a name that is no parameter's is left out too.
  /// - Throws: `CheckpointError.otherNetwork` with every tensor that is missing, unknown or of
  ///   another shape; `.unsupportedType`, `.notFinite` naming the tensor.
  public func parameters(
    layout: [Parameter], leavingOut isOther: (String) -> Bool = { _ in false }
  ) throws(CheckpointError) -> Fitted {
    let known = Set(layout.map(\.name))
    let weights = entries.filter {
      known.contains($0.name)
        || !(ForeignWeights.isBuffer($0) || isTiedHead($0) || isOther($0.name))
    }
    let names = try TensorNames(of: layout, in: weights, file: path)
    let byName = Dictionary(uniqueKeysWithValues: weights.map { ($0.name, $0) })
    let flat = Tensor(uninitialized: [layout.reduce(0) { $0 + $1.count }])
    for parameter in layout {
      guard let name = names.tensors[parameter.name], let entry = byName[name],
        let shard = shards[name]
      else { preconditionFailure("a name that was matched") }
      let start = flat.storage.base + parameter.offset
      try files[shard].copy(entry, to: start)
      for i in 0..<parameter.count where !start[i].isFinite {
        throw .notFinite(name: name, element: i, value: start[i], file: files[shard].path)
      }
    }
    let taken = Set(names.tensors.values)
    return Fitted(
      parameters: flat,
      renamed: layout.compactMap { parameter in
        names.tensors[parameter.name].flatMap {
          $0 == parameter.name ? nil : (tensor: $0, parameter: parameter.name)
        }
      },
      leftOut: entries.map(\.name).filter { !taken.contains($0) })
  }

  /// What state dictionaries hold beside weights: counters, positions, masks and weights of losses.
  private static func isBuffer(_ entry: SafetensorsEntry) -> Bool {
    let leaf = entry.name.split(separator: ".").last.map(String.init) ?? entry.name
    if ["num_batches_tracked", "position_ids", "inv_freq", "masked_bias"].contains(leaf) {
      return true
    }
    // The classes' weights of a loss that was a module: one number a class.
    let losses = ["criterion", "loss", "loss_fn", "loss_function", "loss_func"]
    let path = entry.name.split(separator: ".").map(String.init)
    if path.dropLast().last.map(losses.contains) == true, entry.shape.count <= 1,
      ["weight", "pos_weight"].contains(leaf)
    {
      return true
    }
    // GPT-2's causal mask: 1 × 1 × T × T ones and zeros.
    return entry.name.hasSuffix("attn.bias") && entry.shape.count == 4
  }

  /// Whether it is a language model's head with the bytes of another tensor.
  private func isTiedHead(_ entry: SafetensorsEntry) -> Bool {
    guard entry.name.hasSuffix("lm_head.weight"), let shard = shards[entry.name] else {
      return false
    }
    return entries.contains { other in
      guard other.name != entry.name, other.shape == entry.shape, other.type == entry.type,
        let otherShard = shards[other.name]
      else { return false }
      return files[otherShard].bytes(of: other).elementsEqual(files[shard].bytes(of: entry))
    }
  }

  private static func file(_ path: String) throws -> SafetensorsFile {
    do {
      return try SafetensorsFile(reading: path)
    } catch StorageError.system(_, _, let code) where code == ENOENT {
      throw CheckpointError.nothingThere(path: path)
    } catch let error as CheckpointError {
      throw ForeignPickle.refusal(of: path) ?? error
    }
  }

  /// The shard of each tensor by name.
  static func index(_ path: String) throws -> [String: String] {
    struct Index: Decodable { let weight_map: [String: String] }
    let bytes: [UInt8]
    do {
      bytes = try readBytes(path)
    } catch StorageError.system(_, _, let code) where code == ENOENT {
      throw CheckpointError.nothingThere(path: path)
    }
    guard String(validating: bytes, as: UTF8.self) != nil,
      let index = try? JSONDecoder().decode(Index.self, from: Data(bytes))
    else {
      throw CheckpointError.badIndex(
        problem: "it is not JSON with a weight_map from names to files", file: path)
    }
    guard !index.weight_map.isEmpty else {
      throw CheckpointError.badIndex(problem: "its weight_map is empty", file: path)
    }
    for name in index.weight_map.values.sorted()
    where name.contains("/") || !name.hasSuffix(".safetensors") {
      throw CheckpointError.badIndex(
        problem: "`\(name)` is not a safetensors file beside it", file: path)
    }
    return index.weight_map
  }
}
