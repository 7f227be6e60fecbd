// Letters: m test examples, M subsets, S seeds.
import Networks
import Tensors

/// What a bank's models make of queries, in the form that removals and brittleness ask for.
extension RetrainingBank {
  /// The mean over the queries of something of f: S lists of M values.
  ///
  /// - Throws: as `outputs`.
  public func means(
    _ function: OutputFunction, of queries: EvaluationQueries, _ read: (Float) -> Double
  ) throws -> [[Double]] {
    try outputs(function, of: queries).map { output in
      (0..<output.rows).map { subset in
        (0..<output.columns).reduce(0.0) { $0 + read(output[subset, $1]) }
          / Double(max(1, output.columns))
      }
    }
  }

  /// The mean loss a token, of all tokens of the queries together: S lists of M values, in nats.
  ///
  /// - Throws: as `outputs`.
  public func meanTokenLosses(of queries: EvaluationQueries) throws -> [[Double]] {
    let tokens = Double(max(1, queries.targetCounts.reduce(0, +)))
    return try outputs(.loss, of: queries).map { output in
      (0..<output.rows).map { subset in
        -(0..<output.columns).reduce(0.0) { $0 + Double(output[subset, $1]) } / tokens
      }
    }
  }

  /// The mean loss a token of queries whose own removals a brittleness bank has, by the number of
  /// examples removed: without the most helpful, and without random ones.
  ///
  /// - Throws: as `outputs`.
  public func lossesByRemoval(
    of queries: EvaluationQueries
  ) throws -> [Int: (top: Double, random: Double)] {
    let tokens = Double(max(1, queries.targetCounts.reduce(0, +)))
    let losses = RetrainingBank.mean(try outputs(.loss, of: queries))
    func total(_ size: Int, _ side: SubsetRole.Side) -> Double {
      let subsets = design.roles.indices.filter {
        design.roles[$0].side == side && design.roles[$0].removed == size
      }
      return queries.rows.enumerated().reduce(0.0) { sum, query in
        let own = subsets.filter { side == .random || design.roles[$0].query == query.element }
        return sum - Evaluation.mean(own.map { Double(losses[$0, query.offset]) })
      } / tokens
    }
    return Dictionary(
      uniqueKeysWithValues: Set(design.roles.filter { $0.side == .top }.map(\.removed)).map {
        ($0, (total($0, .top), total($0, .random)))
      })
  }

  /// The prediction of every test example under every model, (M · S) × m, as numbers that differ
  /// where predictions do: the class; of a token that is asked about the token predicted in its
  /// place; of whole sequences, which predict no one thing, 1 where the model's loss is at most
  /// 1 + `rise` times the mean loss of the models of the whole training set (of which it is 1),
  /// else 0.
  ///
  /// - Throws: as `outputs`; `.notABank` where the models of the whole set are needed and missing.
  public func predictions(of queries: EvaluationQueries, rise: Double) throws -> [[Int32]] {
    switch contents {
    case .logits:
      return (0..<design.subsets * seeds).map { model in
        let logits = logits(subset: model / seeds, seed: model % seeds)
        let width = logits.rowLength
        return (0..<logits.rowCount).map { row in
          let z = logits.storage.base + row * width
          return Int32((0..<width).reduce(0) { z[$1] > z[$0] ? $1 : $0 })
        }
      }
    case .sequences(let sequences):
      let found =
        queries.token == nil
        ? try keepsLoss(of: queries, rise: rise)
        : try sequences.predictions(of: queries, file: path)
      return found.map { values in
        var all = [Int32](repeating: -1, count: queries.test.count)
        for (row, value) in zip(queries.rows, values) { all[row] = value }
        return all
      }
    }
  }

  private func keepsLoss(of queries: EvaluationQueries, rise: Double) throws -> [[Int32]] {
    guard let full = design.roles.firstIndex(where: { $0.side == .full }) else {
      throw EvaluationError.notABank(
        problem: "it has no models of the whole training set", file: path)
    }
    let losses = try outputs(.loss, of: queries)
    let limits = queries.rows.indices.map { query in
      (1 + rise) * Evaluation.mean(losses.map { -Double($0[full, query]) })
    }
    return (0..<design.subsets * seeds).map { model in
      let (subset, output) = (model / seeds, losses[model % seeds])
      return limits.enumerated().map {
        subset == full || -Double(output[subset, $0]) <= $1 ? 1 : 0
      }
    }
  }
}
