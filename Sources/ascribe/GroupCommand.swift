import ArgumentParser
import Datasets
import Evaluation
import Influence
import Reports

/// `ascribe group`.
struct GroupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "group",
    abstract: "What leaving out a group of training examples does to answers.",
    discussion: """
      additive: the sum of the group's scores, each example taken as if the others stayed.
      exact: the ridge model behind the method, refitted without the group in closed form.
      Positive: the group helped the query.
      """)

  @Argument(help: ArgumentHelp("The run's name, or its folder.", valueName: "run"))
  var runName: String
  @Option(help: "Ids of training examples, such as 3,5,8.") var ids: String?
  @Option(name: .customLong("class"), help: "All training examples of a class.")
  var className: String?
  @Option(
    help: ArgumentHelp(
      "All training examples with a value in a column of --metadata.", valueName: "column=value"))
  var `where`: String?
  @Option(help: "A CSV file with a header: the column `id` (or the first) has the ids.")
  var metadata: String?
  @Option(help: "Test ids such as 17 or 3,5; misclassified; or all.") var test: String
  @Option(help: "The token of the queries, from 1, whose prediction is asked about (default: all).")
  var token: Int?
  @Option(help: "Queries to show at the most, with misclassified and in the table.") var limit = 20
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var method: MethodOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard [ids, className, `where`].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("name the group by either --ids or --class or --where")
    }
    guard (`where` == nil) == (metadata == nil), `where`?.contains("=") != false else {
      throw ValidationError("--where COLUMN=VALUE and --metadata FILE go together")
    }
    if limit < 1 { throw ValidationError("--limit must be at least 1, not \(limit)") }
  }

  func run() throws {
    common.begin()
    let setup = try ScoringSetup(run: runName, method, common)
    let data = setup.influence.data
    let (rows, name) = try group(in: data.train)
    let selection = try QuerySelection(test, in: data.test, limit: limit, of: setup.influence)
    let queries = try EvaluationQueries(data.test, token: token, rows: selection.rows).data
    let influence = try setup.scorer.groupInfluence(queries, of: rows)
    try setup.explain()
    let answer = try GroupAnswer(
      setup, queries, name, rows.count, influence, token: token, shown: limit)
    Console.output(json ? try JSON.text(answer, layout: .compact) : answer.text)
  }

  /// The group's rows and what it is called.
  private func group(in train: Dataset) throws -> ([Int], String) {
    let rows: [Int]
    let name: String
    if let className {
      guard let label = train.classNames.firstIndex(of: className), let classes = train.classes
      else {
        throw InfluenceError.notDefined(
          name: "class \(className)",
          reason: train.classNames.isEmpty
            ? train.reasonWithoutClasses
            : "the classes are \(train.classNames.prefix(20).joined(separator: ", "))",
          option: "--class")
      }
      rows = classes.indices.filter { Int(classes[$0]) == label }
      name = "class \(className)"
    } else if let condition = `where`, let metadata {
      rows = try MetadataTable(reading: metadata).rows(of: train, meeting: condition)
      name = condition
    } else {
      let wanted = (ids ?? "").split(separator: ",").map { ExampleID(String($0).trimmed) }
      rows = try train.rows(of: wanted, in: "--ids")
      name =
        "ids \(wanted.prefix(8).map(\.description).joined(separator: ","))"
        + (wanted.count > 8 ? ",…" : "")
    }
    let reason =
      rows.isEmpty
      ? "it has no training example"
      : Set(rows).count < rows.count
        ? "it names an example twice"
        : rows.count == train.count ? "nothing would be left to train on" : nil
    if let reason {
      throw InfluenceError.notDefined(
        name: "the group", reason: reason,
        option: className != nil ? "--class" : `where` != nil ? "--where" : "--ids")
    }
    return (rows, name)
  }
}

extension MetadataTable {
  /// The rows with `column=value`; a value that the column does not have is an error.
  fileprivate func rows(of data: Dataset, meeting condition: String) throws -> [Int] {
    let parts = condition.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let (column, value) = (String(parts[0]), String(parts.last ?? ""))
    let known = try values(of: column)
    guard known.contains(value) else {
      throw InfluenceError.notDefined(
        name: condition,
        reason: "the values of \(column) are \(known.prefix(20).joined(separator: ", "))",
        option: "--where")
    }
    return try rows(of: data, where: column, equals: value)
  }
}

/// `group --json`, its fields fixed.
struct GroupAnswer: Encodable {
  struct Query: Encodable {
    let id: ExampleID
    let label: LabelValue
    let additive: Double
    let exact, difference: Double?
  }

  /// How the scores were made.
  let settings: ScoringAnswer
  let group: String
  let examples: Int
  /// The only token of the queries that is asked about; absent for all.
  let token: Int?
  /// Means over the queries.
  let additive: Double
  let exact, difference: Double?
  let queries: [Query]
  private let shown: Int

  private enum Key: String, CodingKey {
    case group, examples, token, additive, exact, difference, queries
  }

  func encode(to encoder: any Encoder) throws {
    try settings.encode(to: encoder)
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(group, forKey: .group)
    try values.encode(examples, forKey: .examples)
    try values.encodeIfPresent(token, forKey: .token)
    try values.encode(additive, forKey: .additive)
    try values.encodeIfPresent(exact, forKey: .exact)
    try values.encodeIfPresent(difference, forKey: .difference)
    try values.encode(queries, forKey: .queries)
  }

  init(
    _ setup: ScoringSetup, _ data: Dataset, _ name: String, _ count: Int,
    _ influence: GroupInfluence, token: Int?, shown: Int
  ) throws {
    var settings = ScoringAnswer(try setup.description())
    settings.sign =
      setup.options.outputFunction == .prediction
      ? "positive = training on the group raised the prediction"
      : "positive = training on the group helped the query"
    self.settings = settings
    group = name
    (examples, self.token) = (count, token)
    self.shown = shown
    func mean(_ values: [Double]) -> Double {
      values.reduce(0, +) / Double(max(1, values.count))
    }
    additive = mean(influence.additive)
    exact = influence.exact.map(mean)
    difference = influence.exact.map { mean($0) - mean(influence.additive) }
    queries = influence.additive.indices.map { row in
      let sum = influence.additive[row]
      return Query(
        id: data.ids[row], label: LabelValue(of: row, in: data), additive: sum,
        exact: influence.exact?[row], difference: influence.exact.map { $0[row] - sum })
    }
  }

  var text: String {
    func cell(_ value: Double?) -> String {
      value.map { String(format: "%+.4g", $0) } ?? "none"
    }
    var table = TextTable(["query", "label", "additive", "exact", "difference"])
    for query in queries.prefix(shown) {
      table.append([
        query.id.description, query.label.text, cell(query.additive), cell(query.exact),
        cell(query.difference),
      ])
    }
    if queries.count > 1 {
      table.append([
        "mean of \(queries.count)", "", cell(additive), cell(exact), cell(difference),
      ])
    }
    return
      "\(group): \(examples) training example\(examples == 1 ? "" : "s"); \(settings.sign); unit: "
      + "\(settings.unit)" + (token.map { "; token \($0) of each query" } ?? "") + "\n"
      + table.text
      + (exact == nil
        ? "\n\(settings.method) has no model that could be refitted: no exact deletion" : "")
  }
}
