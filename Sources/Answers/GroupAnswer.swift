import Datasets
import Evaluation
import Foundation
import Influence
import Networks
import Reports

/// What leaving out a group of training examples does to answers.
public struct GroupAnswer: Answer, Equatable {
  /// A query.
  public struct Query: Codable, Equatable, Sendable {
    /// The test example.
    public let id: ExampleID
    /// Its label.
    public let label: LabelValue
    /// The sum of the group's scores.
    public let additive: Double
    /// The refitted ridge model without the group, and its difference to the sum.
    public let exact, difference: Double?
    /// What f changes by without the group, its 90 % interval, and how far the sum is beyond what the
    /// bank's subsets showed (in their standard deviations); absent without a calibration.
    public var change: GroupChange?
  }

  /// How the scores were made.
  public let settings: ScoringAnswer
  /// What the group is called.
  public let group: String
  /// Its training examples.
  public let examples: Int
  /// The only token of the queries that is asked about; absent for all.
  public let token: Int?
  /// Means over the queries.
  public let additive: Double
  /// Means over the queries; absent for methods without a model that could be refitted.
  public let exact, difference: Double?
  /// The queries.
  public let queries: [Query]

  private enum Key: String, CodingKey {
    case group, examples, token, additive, exact, difference, queries
  }

  /// The fields of `settings` beside the others.
  public init(from decoder: any Decoder) throws {
    settings = try ScoringAnswer(from: decoder)
    let values = try decoder.container(keyedBy: Key.self)
    group = try values.decode(String.self, forKey: .group)
    examples = try values.decode(Int.self, forKey: .examples)
    token = try values.decodeIfPresent(Int.self, forKey: .token)
    additive = try values.decode(Double.self, forKey: .additive)
    exact = try values.decodeIfPresent(Double.self, forKey: .exact)
    difference = try values.decodeIfPresent(Double.self, forKey: .difference)
    queries = try values.decode([Query].self, forKey: .queries)
  }

  /// The fields of `settings` beside the others.
  public func encode(to encoder: any Encoder) throws {
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

  package init(
    _ scores: ScoreDescription, _ data: Dataset, _ name: String, _ count: Int,
    _ influence: GroupInfluence, token: Int? = nil, calibration: Calibration? = nil
  ) {
    let units = Dictionary(
      (calibration?.queries ?? []).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    var settings = ScoringAnswer(scores)
    settings.sign =
      scores.outputFunction == OutputFunction.prediction.rawValue
      ? "positive = training on the group raised the prediction"
      : "positive = training on the group helped the query"
    self.settings = settings
    group = name
    (examples, self.token) = (count, token)
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
        exact: influence.exact?[row], difference: influence.exact.map { $0[row] - sum },
        change: units[data.ids[row]].flatMap { unit in
          calibration.map {
            GroupChange(
              additive: sum, exact: influence.exact?[row], squares: influence.squares[row],
              count: count, unit: unit, fraction: $0.bank.fraction)
          }
        })
    }
  }

  /// That the group is beyond what the calibration's bank has shown, for some queries; nil where it is
  /// not, or without a calibration.
  public var reachRemark: String? {
    let reaches = queries.compactMap { $0.change?.reach }
    let beyond = reaches.count { $0 > GroupChange.shown }
    guard beyond > 0, let most = reaches.max() else { return nil }
    return
      "for \(beyond) of \(reaches.count) queries the group's sum is beyond what the bank's random "
      + "subsets showed (up to \(String(format: "%.0f", most)) standard deviations of theirs): the "
      + "change is between the sum and the exact deletion"
  }

  /// A table for reading.
  public var text: String { text(limit: .max) }

  /// A table for reading, of so many queries at the most, and of their mean.
  public func text(limit: Int) -> String {
    func cell(_ value: Double?) -> String {
      value.map { String(format: "%+.4g", $0) } ?? "none"
    }
    let isCalibrated = queries.contains { $0.change != nil }
    func change(_ query: Query) -> [String] {
      guard isCalibrated else { return [] }
      return [
        query.change.map {
          String(format: "%+.2f [%+.2f, %+.2f]", $0.value, $0.low, $0.high)
        } ?? ""
      ]
    }
    var table = TextTable(
      ["query", "label", "additive", "exact", "difference"]
        + (isCalibrated ? ["without the group: \(settings.outputFunction)"] : []))
    for query in queries.prefix(limit) {
      table.append(
        [
          query.id.description, query.label.text, cell(query.additive), cell(query.exact),
          cell(query.difference),
        ] + change(query))
    }
    if queries.count > 1 {
      table.append(
        [
          "mean of \(queries.count)", "", cell(additive), cell(exact), cell(difference),
        ] + (isCalibrated ? [""] : []))
    }
    return
      "\(group): \(examples) training example\(examples == 1 ? "" : "s"); \(settings.sign); unit: "
      + "\(settings.unit)" + (token.map { "; token \($0) of each query" } ?? "") + "\n"
      + table.text
      + (exact == nil
        ? "\n\(settings.method) has no model that could be refitted: no exact deletion" : "")
  }
}
