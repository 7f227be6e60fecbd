import Answers
import Datasets
import Evaluation
import Influence
import Networks
import Tensors

/// Asks what leaving out a group of training examples does to answers.
public struct GroupJob: Sendable {
  /// Which training examples.
  public enum Group: Sendable, Equatable {
    /// Ids such as `3,5,8`.
    case ids(String)
    /// All examples of a class.
    case label(String)
    /// All examples with `column=value` in a CSV file with a header.
    case `where`(String, metadata: String)
  }

  /// Which training examples.
  public var group: Group
  /// The queries, as in `QueryJob`.
  public var test: String
  /// The token of the queries, from 1, whose prediction is asked about; nil: all.
  public var token: Int?
  /// Queries at the most, with `misclassified`.
  public var limit = 20
  /// How the scores are made.
  public var scoring = ScoringRequest()
  /// The layers that scores are over; nil: all that were trained.
  public var layers: LayerPatterns?
  /// How much is said about how the scores are made.
  public var diagnosis = DiagnosisText.Extent.line

  /// A question with everything else left open.
  public init(group: Group, test: String) { (self.group, self.test) = (group, test) }

  /// Asks.
  ///
  /// - Throws: `InfluenceError` and `DatasetError` for questions that the run does not suit;
  ///   errors of its files.
  public func run(in session: Session) throws -> GroupAnswer {
    let setup = try ScoringSession(session, scoring, layers: layers, diagnosis: diagnosis)
    let data = setup.influence.data
    let rows = try group.rows(in: data.train)
    let selection = try QuerySelection(test, limit: limit, of: setup.influence, session.control)
    let queries = try EvaluationQueries(data.test, token: token, rows: selection.rows).data
    let influence = try setup.scorer.groupInfluence(queries, of: rows)
    try setup.explain()
    let scores = try setup.description()
    let units = try CalibratedUnits(scores, token: token, of: session.run, session.control)
    let answer = GroupAnswer(
      scores, queries, group.name, rows.count, influence, token: token,
      calibration: units.calibration)
    if let remark = answer.reachRemark { session.control.note("note: \(remark)") }
    return answer
  }
}

extension GroupJob.Group {
  /// What the group is called.
  var name: String {
    switch self {
    case .ids(let text):
      let ids = ExampleID.list(text)
      return "ids \(ids.prefix(8).map(\.description).joined(separator: ","))"
        + (ids.count > 8 ? ",…" : "")
    case .label(let name): return "class \(name)"
    case .where(let condition, _): return condition
    }
  }

  /// The field that names it.
  private var field: String {
    switch self {
    case .ids: "‹ids›"
    case .label: "‹class›"
    case .where: "‹where›"
    }
  }

  /// Its rows: at least one, none twice, not all.
  func rows(in train: Dataset) throws -> [Int] {
    let rows = try named(in: train)
    let reason =
      rows.isEmpty
      ? "it has no training example"
      : Set(rows).count < rows.count
        ? "it names an example twice"
        : rows.count == train.count ? "nothing would be left to train on" : nil
    if let reason {
      throw InfluenceError.notDefined(name: "the group", reason: reason, option: field)
    }
    return rows
  }

  /// The rows that belong to it.
  ///
  /// - Parameter field: what names it; nil: its own.
  /// - Throws: `InfluenceError.notDefined`; errors of files.
  func named(in train: Dataset, field: String? = nil) throws -> [Int] {
    let field = field ?? self.field
    switch self {
    case .ids(let text):
      return try train.rows(of: ExampleID.list(text), in: field)
    case .label(let label):
      guard let index = train.classNames.firstIndex(of: label), let classes = train.classes
      else {
        throw InfluenceError.notDefined(
          name: name,
          reason: train.classNames.isEmpty
            ? train.reasonWithoutClasses
            : "the classes are \(train.classNames.prefix(20).joined(separator: ", "))",
          option: field)
      }
      return classes.indices.filter { Int(classes[$0]) == index }
    case .where(let condition, let metadata):
      return try MetadataTable(reading: metadata)
        .rows(of: train, meeting: condition, field: field)
    }
  }
}

extension MetadataTable {
  /// The rows with `column=value`; a value that the column does not have is an error.
  fileprivate func rows(
    of data: Dataset, meeting condition: String, field: String
  ) throws -> [Int] {
    let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let (column, value) = (String(parts[0]), String(parts.last ?? ""))
    let known = try values(of: column)
    guard known.contains(value) else {
      throw InfluenceError.notDefined(
        name: condition,
        reason: "the values of \(column) are \(known.prefix(20).joined(separator: ", "))",
        option: field)
    }
    return try rows(of: data, where: column, equals: value)
  }
}
