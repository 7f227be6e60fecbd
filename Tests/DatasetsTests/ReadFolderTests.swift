import Configuration
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

/// What is read of a folder of run files, for tools/reference/readers.py, which compares it with what
/// the reference readers read.
///
/// Runs where `ASCRIBE_READ` names the folder.
@Suite struct ReadFolderTests {
  static let folder = ProcessInfo.processInfo.environment["ASCRIBE_READ"]

  /// What stands in NAME.json for NAME.yaml.
  struct Found: Codable {
    var ids: [String]?
    var shape: [Int]?
    var inputs: [Float]?
    var labels: [String]?
    var values: [Float]?
    var notes: [String]?
    var error: String?
  }

  @Test(
    "every run file of the folder is read, or refused with what, where and how",
    .enabled(if: folder != nil))
  func read() throws {
    let folder = try #require(Self.folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
      .filter { $0.hasSuffix(".yaml") }.sorted()
    #expect(!names.isEmpty)
    for name in names {
      var found = Found()
      do {
        let yaml = try String(contentsOfFile: folder + "/" + name, encoding: .utf8)
        let data = try loadData(yaml, in: folder)
        found.ids = data.train.ids.map(\.description)
        found.shape = data.train.inputs.shape
        found.inputs = data.train.inputs.elements
        found.labels = data.train.classes?.map { data.train.classNames[Int($0)] }
        if case .values(let values) = data.train.targets { found.values = values.elements }
        found.notes = data.description?.sources.flatMap(\.notes)
      } catch {
        let error = try #require(error as? any DiagnosableError, "\(name): \(error)")
        #expect(!error.remedy.isEmpty, "\(name)")
        found.error = error.what
      }
      let path = folder + "/" + name.dropLast(4) + "json"
      try JSONEncoder().encode(found).write(to: URL(fileURLWithPath: path))
    }
  }
}
