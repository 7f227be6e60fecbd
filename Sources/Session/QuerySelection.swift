import Answers
import Datasets
import Foundation
import Influence
import Tensors

extension QuerySelection {
  /// Reads what is asked about: ids such as `17` or `3,5`, `misclassified`, or `all`, their mean.
  ///
  /// - Parameters:
  ///   - limit: the most of the misclassified ones.
  ///   - part: the examples that the ids are of.
  ///   - field: where the text is written, for errors.
  init(
    _ text: String, limit: Int, of influence: RunInfluence, part: DataPart = .test,
    field: String = "‹test›", _ control: JobControl
  ) throws {
    let data = try part.part(of: influence.data)
    switch text {
    case "all":
      self.init(rows: Array(0..<data.count), isMean: true, name: text)
    case "misclassified":
      let all = try influence.misclassified(
        in: data, name: "\(field.dropLast()): misclassified›", field: field)
      let rows = Array(all.prefix(limit))
      control.note("\(all.count) misclassified \(part.name) examples, showing \(rows.count)")
      self.init(rows: rows, isMean: false, name: text)
    default:
      let ids = ExampleID.list(text)
      if ids.isEmpty { throw SessionError.noExample(field: field) }
      self.init(rows: try data.rows(of: ids, in: field), isMean: false, name: text)
    }
  }
}

extension Dataset {
  /// Why nothing can be asked of classes, for targets that have none.
  package var reasonWithoutClasses: String {
    vocabulary != nil ? "these are sequences, which have no class" : "the targets are numbers"
  }
}

extension RunInfluence {
  /// The rows of examples that the model takes for another class.
  ///
  /// - Parameter name: what asks for them, for errors.
  /// - Throws: `InfluenceError.notDefined` for examples without classes.
  func misclassified(in data: Dataset, name: String, field: String) throws -> [Int] {
    guard data.classes != nil else {
      throw InfluenceError.notDefined(
        name: name, reason: data.reasonWithoutClasses, option: field)
    }
    let right = try predictions(for: data).correct
    return right.indices.filter { !right[$0] }
  }
}

extension ExampleID {
  /// The ids in a text such as `3,5,8`.
  static func list(_ text: String) -> [ExampleID] {
    text.split(separator: ",").map { ExampleID(String($0).trimmed) }
  }
}

extension String {
  package var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
