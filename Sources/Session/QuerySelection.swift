import Answers
import Datasets
import Foundation
import Influence
import Tensors

extension QuerySelection {
  /// Reads what is asked about: ids such as `17` or `3,5`, `misclassified`, or `all`, their mean.
  ///
  /// - Parameter limit: the most of the misclassified ones.
  init(
    _ text: String, limit: Int, of influence: RunInfluence, _ control: JobControl
  ) throws {
    let test = influence.data.test
    try influence.data.requireTest()
    switch text {
    case "all":
      self.init(rows: Array(0..<test.count), isMean: true, name: text)
    case "misclassified":
      guard test.classes != nil else {
        throw InfluenceError.notDefined(
          name: "‹test: misclassified›", reason: test.reasonWithoutClasses, option: "‹test›")
      }
      let right = try influence.predictions(for: test).correct
      let all = test.ids.indices.filter { !right[$0] }
      let rows = Array(all.prefix(limit))
      control.note("\(all.count) misclassified test examples, showing \(rows.count)")
      self.init(rows: rows, isMean: false, name: text)
    default:
      let ids = text.split(separator: ",").map { ExampleID(String($0).trimmed) }
      if ids.isEmpty { throw SessionError.noExample(field: "‹test›") }
      self.init(rows: try test.rows(of: ids, in: "‹test›"), isMean: false, name: text)
    }
  }
}

extension Dataset {
  /// Why nothing can be asked of classes, for targets that have none.
  package var reasonWithoutClasses: String {
    vocabulary != nil ? "these are sequences, which have no class" : "the targets are numbers"
  }
}

extension String {
  package var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
