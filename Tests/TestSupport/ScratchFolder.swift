import Foundation

/// A folder of its own for one test, deleted with the value.
public final class ScratchFolder: Sendable {
  /// Where it is.
  public let path: String

  /// A new folder.
  public init() throws {
    path = NSTemporaryDirectory() + "ascribe \(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a name in it.
  public static func / (folder: ScratchFolder, name: String) -> String { "\(folder.path)/\(name)" }

  /// A file's bytes.
  public func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: self / name)))
  }

  /// Every file below a name, by relative path.
  public func contents(of name: String = "") throws -> [String: [UInt8]] {
    let root = name.isEmpty ? path : self / name
    var result: [String: [UInt8]] = [:]
    for file in FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? [] {
      var isFolder: ObjCBool = false
      let full = "\(root)/\(file)"
      _ = FileManager.default.fileExists(atPath: full, isDirectory: &isFolder)
      if !isFolder.boolValue {
        result[file] = Array(try Data(contentsOf: URL(fileURLWithPath: full)))
      }
    }
    return result
  }
}

/// A file of Tests/Fixtures.
public func fixture(_ name: String, from testFile: String = #filePath) -> String {
  URL(fileURLWithPath: testFile).deletingLastPathComponent().deletingLastPathComponent().path
    + "/Fixtures/\(name)"
}
