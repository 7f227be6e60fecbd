import Foundation
import Storage
import SystemPackage

/// The checkpoints of a run that was made elsewhere, as files of a folder.
///
///     model.safetensors                              one checkpoint
///     model.safetensors.index.json, model-0000x-of-0000y.safetensors    one, sharded
///     epoch-001.safetensors, epoch-002.safetensors   one for each file
///     checkpoint-500/…, checkpoint-1000/…            one for each folder
///     seed-0/…, seed-1/…                             each of the above for each seed
public struct ForeignCheckpoint: Sendable, Equatable {
  /// The seed of a folder `seed-N`; nil outside of such folders.
  public let seed: UInt64?
  /// The number in its name, or its place from 1 where names have none.
  public let epoch: Int
  /// The safetensors file or the index.
  public let path: String

  /// The folder that it is in.
  public var folder: String { FilePath(path).folder.string }

  /// What a path holds, by seed and epoch.
  ///
  /// - Parameter path: a folder, a safetensors file or an index.
  /// - Throws: `CheckpointError.noWeights`, `.pickle`, `.ambiguousWeights`, `.badSeed`, `.missingIndex`,
  ///   `.nothingThere`; `StorageError.system` for folders that may not be read.
  public static func find(_ path: String) throws -> [ForeignCheckpoint] {
    guard try AtomicFile.isThere(path) else { throw CheckpointError.nothingThere(path: path) }
    guard isFolder(path) else {
      // Asked here already: what describes the model is looked for beside weights alone.
      if let refusal = ForeignPickle.refusal(of: path) { throw refusal }
      return [ForeignCheckpoint(seed: nil, epoch: 1, path: path)]
    }
    let seeds = try subfolders(path).filter { $0.wholeMatch(of: /seed-[0-9]+/) != nil }
    guard !seeds.isEmpty, try whole(in: path) == nil, try files(path).isEmpty else {
      return try inOneFolder(path, seed: nil)
    }
    var folders: [UInt64: String] = [:]
    for name in seeds {
      guard let seed = UInt64(name.dropFirst(5)), seed <= largestSeed else {
        throw CheckpointError.badSeed(name: name, largest: largestSeed, folder: path)
      }
      if let other = folders[seed] {
        throw CheckpointError.ambiguousWeights(names: [other, name], folder: path)
      }
      folders[seed] = name
    }
    var found: [ForeignCheckpoint] = []
    for (seed, name) in folders.sorted(by: { $0.key < $1.key }) {
      found += try inOneFolder("\(path)/\(name)", seed: seed)
    }
    return found
  }

  /// The largest seed that a run file can name: whole numbers up to it are exact in JSON.
  private static let largestSeed: UInt64 = 1 << 53

  private static func inOneFolder(
    _ folder: String, seed: UInt64?
  ) throws -> [ForeignCheckpoint] {
    if let path = try whole(in: folder) {
      return [ForeignCheckpoint(seed: seed, epoch: 1, path: path)]
    }
    var named = try files(folder).map { (name: String($0.dropLast(12)), path: "\(folder)/\($0)") }
    if named.isEmpty {
      for name in try subfolders(folder) {
        if let path = try whole(in: "\(folder)/\(name)") {
          named.append((name, path))
        } else if case let files = try files("\(folder)/\(name)"), !files.isEmpty {
          guard files.count == 1, let file = files.first else {
            throw CheckpointError.ambiguousWeights(names: files, folder: "\(folder)/\(name)")
          }
          named.append((name, "\(folder)/\(name)/\(file)"))
        }
      }
    }
    if named.isEmpty {
      throw try ForeignPickle.refusal(among: names(folder), of: folder)
        ?? CheckpointError.noWeights(folder: folder)
    }
    named.sort { $0.name.compare($1.name, options: .numeric) == .orderedAscending }
    let numbers = numbers(named.map(\.name))
    return named.indices
      .map { ForeignCheckpoint(seed: seed, epoch: numbers[$0], path: named[$0].path) }
      .sorted { $0.epoch < $1.epoch }
  }

  /// The last number in each name when all have one and no two the same, else 1, 2, ….
  static func numbers(_ names: [String]) -> [Int] {
    let found = names.compactMap { name in
      name.split(whereSeparator: { !"0123456789".contains($0) }).last.flatMap { Int($0) }
    }
    let fits =
      found.count == names.count && Set(found).count == names.count && names.count > 1
      && found.allSatisfy { $0 <= 1_000_000_000 }
    return fits ? found : Array(1..<names.count + 1)
  }

  /// The one model of a folder, by the names that `save_pretrained` writes.
  private static func whole(in folder: String) throws -> String? {
    let all = try names(folder)
    let indices = all.filter { $0.hasSuffix(".safetensors.index.json") }
    guard indices.count <= 1 else {
      throw CheckpointError.ambiguousWeights(names: indices, folder: folder)
    }
    let hasWhole = all.contains("model.safetensors")
    if let index = indices.first {
      if hasWhole {
        throw CheckpointError.ambiguousWeights(names: ["model.safetensors", index], folder: folder)
      }
      return "\(folder)/\(index)"
    }
    if hasWhole { return "\(folder)/model.safetensors" }
    let shards = all.filter { $0.contains(/-[0-9]{5}-of-[0-9]{5}\.safetensors$/) }
    if !shards.isEmpty {
      throw CheckpointError.missingIndex(shards: shards, folder: folder)
    }
    return nil
  }

  private static func files(_ folder: String) throws -> [String] {
    try names(folder).filter { $0.hasSuffix(".safetensors") }
  }

  private static func names(_ folder: String) throws -> [String] {
    try AtomicFile.names(in: folder).filter { !$0.hasPrefix(".") }
  }

  private static func subfolders(_ folder: String) throws -> [String] {
    try names(folder).filter { isFolder("\(folder)/\($0)") }
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
