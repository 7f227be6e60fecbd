import Curation
import Datasets
import Foundation
import Reports

/// How the data of a run were read, and what is wrong with them before any model is asked.
public struct DataAnswer: Answer, Equatable {
  /// Two examples whose inputs are the same, or nearly.
  public struct Copy: Codable, Equatable, Sendable {
    /// The training example, and the other.
    public let id, other: ExampleID
    /// Their labels.
    public let label, otherLabel: LabelValue
    /// Their distance over the length of the inputs; 0 for the same.
    public let distance: Float
  }

  /// A class with few training examples.
  public struct SmallClass: Codable, Equatable, Sendable {
    /// Its name.
    public let name: String
    /// Its training examples.
    public let train: Int
  }

  /// The run.
  public let run: String
  /// How its files were read; absent of runs without files.
  public let data: DataDescription?
  /// Training examples that are copies of others with another label.
  public let copiesWithOtherLabel: [Copy]
  /// Training examples that are copies of test examples.
  public let testInTraining: [Copy]
  /// Classes with fewer than ten training examples.
  public let smallClasses: [SmallClass]
  /// Test examples without a label, which are in no evaluation.
  public let unlabelled: Int
  /// Whether near ones count as copies; else equal ones alone.
  public let looksNear: Bool

  package init(run: String, _ data: SplitData) {
    let findings = DataFindings(data)
    func copies(_ found: [DataFindings.Copy], _ other: Dataset) -> [Copy] {
      found.map {
        Copy(
          id: data.train.ids[$0.row], other: other.ids[$0.other],
          label: LabelValue(of: $0.row, in: data.train),
          otherLabel: LabelValue(of: $0.other, in: other), distance: $0.distance)
      }
    }
    self.run = run
    self.data = data.description
    copiesWithOtherLabel = copies(findings.otherLabels, data.train)
    testInTraining = copies(findings.inTest, data.test)
    smallClasses = findings.smallClasses.map {
      SmallClass(name: data.train.classNames[$0.index], train: $0.count)
    }
    unlabelled = data.unlabelled?.count ?? 0
    looksNear = findings.looksNear
  }

  /// Rows that a table shows.
  private static let shownRows = 100

  /// The findings as tables; none that is empty.
  var tables: [ReportTable] {
    var tables: [ReportTable] = []
    func copies(_ found: [Copy], _ title: String, _ columns: [String]) {
      guard !found.isEmpty else { return }
      var table = TextTable(columns)
      for copy in found.prefix(DataAnswer.shownRows) {
        table.append([
          copy.id.description, copy.label.text, copy.other.description, copy.otherLabel.text,
          String(format: "%.4f", copy.distance),
        ])
      }
      let rest = found.count - DataAnswer.shownRows
      tables.append(ReportTable(title: title + (rest > 0 ? "; \(rest) more" : ""), table))
    }
    copies(
      copiesWithOtherLabel, "Copies with another label",
      ["id", "label", "copy of", "its label", "distance"])
    copies(
      testInTraining, "Test examples that stand in training",
      ["training id", "label", "test id", "its label", "distance"])
    if !smallClasses.isEmpty {
      var table = TextTable(["class", "training examples"])
      for small in smallClasses { table.append([small.name, "\(small.train)"]) }
      tables.append(ReportTable(title: "Classes too small to judge", table))
    }
    return tables
  }

  /// For reading: the description, then a table of each finding.
  public var text: String {
    var lines = data?.lines ?? []
    let tables = tables
    lines.append(
      looksNear
        ? "copies: inputs whose distance is at most 5 % of their length"
        : "copies: inputs that are equal")
    if tables.isEmpty {
      lines.append(
        "found: no copies with other labels, no test examples in training, no class too small to judge"
      )
    }
    for table in tables { lines += ["\(table.title):", table.table.text] }
    return lines.joined(separator: "\n")
  }

  /// A line a finding: what, the two ids, their labels, the distance.
  public var csv: String {
    var writer = CSVWriter(header: ["finding", "id", "label", "other", "otherLabel", "distance"])
    for (name, found) in [("otherLabel", copiesWithOtherLabel), ("inTraining", testInTraining)] {
      for copy in found {
        writer.append([
          name, copy.id.description, copy.label.text, copy.other.description,
          copy.otherLabel.text, CSVWriter.field(copy.distance),
        ])
      }
    }
    for small in smallClasses {
      writer.append(["smallClass", small.name, "\(small.train)", "", "", ""])
    }
    return writer.text
  }
}
