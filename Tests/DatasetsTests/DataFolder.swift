import Configuration
import Datasets
import Foundation
import TestSupport

/// A folder for the files of one test, removed with it.
final class DataFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.path + "/ascribe-\(UUID().uuidString)"

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

  func write(_ bytes: [UInt8], to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
  }

  /// Makes a folder in it, and those above.
  func make(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  func copy(_ file: String, to name: String) throws {
    try make(name.split(separator: "/").dropLast().joined(separator: "/"))
    try FileManager.default.copyItem(atPath: file, toPath: path + "/" + name)
  }

  func load(_ yaml: String) throws -> SplitData { try loadData(yaml, in: path) }

  /// The error of loading with the folder's name shortened to F.
  func failure(_ yaml: String) -> String? {
    diagnosed { _ = try load(yaml) }?.description.replacingOccurrences(of: path, with: "F")
  }
}

/// Loads the data of a run file's `data` mapping.
func loadData(_ yaml: String, in folder: String) throws -> SplitData {
  let map = try ConfigurationMap(yaml: yaml, file: "run.yaml")
  return try DataConfiguration(from: map, relativeTo: folder).load(describing: true)
}

/// The repository's folder.
let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().path

/// Where the golden files are.
let fixtures = repository + "/Tests/Fixtures/Datasets"

/// The bytes of a file.
func bytes(of file: String) throws -> [UInt8] {
  Array(try Data(contentsOf: URL(fileURLWithPath: file)))
}
