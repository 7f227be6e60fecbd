import Foundation

/// A golden file of Tests/Fixtures; each names the script that made it.
public enum Fixture {
  /// The file's JSON as values of a type.
  public static func load<Value: Decodable>(
    _ name: String, as type: Value.Type = Value.self, from file: StaticString = #filePath
  ) throws -> Value {
    let folder = URL(fileURLWithPath: "\(file)").deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fixtures")
    return try JSONDecoder().decode(
      Value.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
  }
}
