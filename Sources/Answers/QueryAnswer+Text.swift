import Foundation
import Influence
import Reports

extension QueryAnswer {
  /// Tables for reading.
  public var text: String {
    var parts = ["scores: \(settings.sign); unit: \(settings.unit)"]
    for query in queries {
      var heading = "\nquery " + query.heading(of: queries.count)
      if let token = query.token { heading += "; token \(token.position) '\(token.text)'" }
      parts.append(heading)
      if let tokens = query.tokens {
        parts.append("tokens that the passages below act on most: " + ScoredToken.marked(tokens))
      }
      if (query.helpful + query.harmful).contains(where: { $0.tokens != nil }) {
        parts += query.passages(sides) + query.componentLines(sides)
        continue
      }
      let isCalibrated = (query.helpful + query.harmful).contains { $0.change != nil }
      // The derivative of the run itself has a unit without any calibration.
      let isExact = !isCalibrated && settings.method == Method.magic.name
      let change =
        isCalibrated
        ? ["removed: \(settings.outputFunction)"] : isExact ? ["without this example"] : []
      var table = TextTable(
        ["", "\(sides.0) id", "label", "score"] + change
          + ["\(sides.1) id", "label", "score"] + change)
      for rank in 0..<max(query.helpful.count, query.harmful.count) {
        func cells(_ list: [Influence]) -> [String] {
          guard rank < list.count else {
            return [String](repeating: "", count: 3 + change.count)
          }
          return [
            list[rank].id.description, list[rank].label.text,
            String(format: "%+.4g", list[rank].score),
          ]
            + (isCalibrated
              ? [list[rank].changeText]
              : isExact ? [String(format: "%+.2g", -list[rank].score)] : [])
        }
        table.append(["\(rank + 1)"] + cells(query.helpful) + cells(query.harmful))
      }
      parts.append(table.text)
      parts += query.componentLines(sides)
      if let remark = query.remark { parts.append(remark) }
      if let remark = query.changesRemark { parts.append(remark) }
    }
    return parts.joined(separator: "\n")
  }

  /// One line a query and training example.
  public var csv: String {
    var writer = CSVWriter(header: ["query", "side", "rank", "id", "label", "score"])
    for query in queries {
      for (side, list) in [(sides.0, query.helpful), (sides.1, query.harmful)] {
        for (rank, entry) in list.enumerated() {
          writer.append([
            query.place, side, "\(rank + 1)", entry.id.description, entry.label.text,
            CSVWriter.field(entry.score),
          ])
        }
      }
    }
    return writer.text
  }
}

extension QueryAnswer.Query {
  /// The test example, or `new.csv:3`.
  fileprivate var place: String {
    input.map { "\($0.file):\($0.row)" } ?? id?.description ?? ""
  }

  /// What is asked, and what the model makes of it.
  fileprivate func heading(of count: Int) -> String {
    guard label != nil || input != nil else {
      return (id?.description ?? "") + ": the mean of the whole test set"
    }
    var parts = [label.map { "label \($0.text)" } ?? "no label"]
    let isOther = asked.map { $0 != label } ?? false
    if let asked, isOther { parts.append("asked about class \(asked.text)") }
    if let predicted { parts.append("predicted \(predicted.text)") }
    if let probability {
      let name = isOther ? asked?.text ?? "" : "label"
      parts.append("p(\(name))" + String(format: " = %.4f", probability))
    }
    return (input.map { OutsideQueries.name($0, of: count) } ?? place) + ": "
      + parts.joined(separator: ", ")
  }

  /// The shown passages, a line each, with their strongest tokens marked.
  fileprivate func passages(_ sides: (String, String)) -> [String] {
    [(sides.0, helpful), (sides.1, harmful)].map { name, list in
      var table = TextTable(["", "\(name) id", "score", "strongest tokens in brackets"])
      for (rank, entry) in list.enumerated() {
        table.append([
          "\(rank + 1)", entry.id.description, String(format: "%+.4g", entry.score),
          ScoredToken.marked(entry.tokens ?? []),
        ])
      }
      return table.text
    }
  }
}
