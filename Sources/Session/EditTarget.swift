import Datasets
import Influence
import Models
import Networks
import Tensors

/// The examples that an edit is for, or that it is to spare.
public enum EditTarget: Sendable, Equatable {
  /// Test examples by their ids, such as `17` or `3,5`.
  case ids(String)
  /// The test examples that are misclassified.
  case misclassified
  /// All examples of a class.
  case label(String)
  /// All examples with `column=value` in a CSV file with a header.
  case `where`(String, metadata: String)
  /// The examples of a file that is in no split, with their labels.
  case file(String)

  /// `17`, `3,5`, `misclassified`, `class:NAME`, `file:PATH`, `column=value`.
  ///
  /// - Parameter metadata: the CSV file of `column=value`.
  /// - Throws: `SessionError.noExample` for an empty text, and for a column without its file.
  public init(_ text: String, metadata: String?, field: String) throws(SessionError) {
    let value = text.trimmed
    if value == "misclassified" {
      self = .misclassified
    } else if value.hasPrefix("class:") {
      self = .label(String(value.dropFirst(6)))
    } else if value.hasPrefix("file:") {
      self = .file(String(value.dropFirst(5)))
    } else if value.contains("="), let metadata {
      self = .where(value, metadata: metadata)
    } else if value.isEmpty || value.contains("=") {
      throw .noExample(field: field)
    } else {
      self = .ids(value)
    }
  }

  /// What the set is called.
  var name: String {
    switch self {
    case .ids(let text): "test \(text)"
    case .misclassified: "misclassified"
    case .label(let name): "class \(name)"
    case .where(let condition, _): condition
    case .file(let path): path
    }
  }

  /// The rows of a part of the data that belong to it; nil of a set that is in no split.
  ///
  /// - Parameter field: what names it.
  /// - Throws: errors of names and files.
  func rows(
    in data: Dataset, isTest: Bool, of influence: RunInfluence, field: String
  ) throws -> [Int]? {
    switch self {
    case .ids(let text):
      return isTest ? try data.rows(of: ExampleID.list(text), in: field) : []
    case .misclassified:
      return isTest
        ? try influence.misclassified(in: data, name: "misclassified", field: field) : []
    case .label(let name): return try GroupJob.Group.label(name).named(in: data, field: field)
    case .where(let condition, let metadata):
      return try GroupJob.Group.where(condition, metadata: metadata).named(in: data, field: field)
    case .file: return nil
    }
  }
}
