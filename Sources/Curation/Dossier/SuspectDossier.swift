// Letters: n training examples.
import Datasets
import Influence
import Tensors

/// What is known of one training example whose label may be wrong.
public struct SuspectDossier: Sendable, Equatable {
  /// A training example that the network sees alike.
  public struct Neighbour: Sendable, Equatable {
    /// Its row in the training set.
    public let row: Int
    /// Cosine of the trace kernel, at most 1.
    public let similarity: Float
  }

  /// Neighbours of each label.
  public static let neighbourCount = 3

  /// Its row in the training set.
  public let row: Int
  /// The nearest examples with its own label, the nearest first.
  public let sameLabel: [Neighbour]
  /// The nearest examples with the suggested label; empty where that is its own.
  public let suggestedLabel: [Neighbour]

  /// The dossiers of some rows.
  ///
  /// - Parameters:
  ///   - similarities: of the rows to all training examples, rows × n.
  ///   - suggested: the label that the regression without each example gives it, n.
  static func dossiers(
    of rows: [Int], labels: [Int32], suggested: [Int32], _ similarities: Matrix<Float>
  ) -> [SuspectDossier] {
    rows.enumerated().map { place, row in
      let order = (0..<labels.count).filter { $0 != row }.sorted {
        let (a, b) = (similarities[place, $0], similarities[place, $1])
        return a > b || (a == b && $0 < $1)
      }
      func nearest(_ label: Int32) -> [Neighbour] {
        order.lazy.filter { labels[$0] == label }.prefix(neighbourCount)
          .map { Neighbour(row: $0, similarity: similarities[place, $0]) }
      }
      return SuspectDossier(
        row: row, sameLabel: nearest(labels[row]),
        suggestedLabel: suggested[row] == labels[row] ? [] : nearest(suggested[row]))
    }
  }
}

extension MislabelJob {
  /// The dossiers of some training examples, by the regression of a ranking.
  ///
  /// - Throws: `InfluenceError` for targets that are no classes.
  public func dossiers(
    of rows: [Int], suggested: [Int32], _ request: ScoringRequest = ScoringRequest()
  ) throws -> [SuspectDossier] {
    guard let labels = influence.data.train.classes else {
      throw InfluenceError.notDefined(
        name: "a dossier", reason: "the targets are no classes", option: "run")
    }
    guard !rows.isEmpty else { return [] }
    let similarities = try influence.ensemble(try scoring(request)).traceSimilarities(of: rows)
    return SuspectDossier.dossiers(
      of: rows, labels: labels, suggested: suggested, similarities)
  }

  /// The places of all training examples by every signal that the training recorded, from 1.
  ///
  /// Signals that the run does not have are left out.
  public func recordedRanks() throws -> [(signal: MislabelRanking.Signal, ranks: [Int])] {
    guard influence.run.hasWholeDynamics else { return [] }
    return try MislabelRanking.Signal.allCases.filter { !$0.isOfGradients }.compactMap { signal in
      do { return (signal, try ranking(by: signal).ranks) } catch is InfluenceError { return nil }
    }
  }
}

extension MislabelRanking {
  /// The place of each training example, from 1, n values.
  public var ranks: [Int] {
    var ranks = [Int](repeating: 0, count: order.count)
    for (place, row) in order.enumerated() { ranks[row] = place + 1 }
    return ranks
  }
}
