// Letters: n training examples, m queries, M subsets, S seeds.
import Datasets
import Influence
import Storage
import Tensors

/// What one unit of a score is worth in units of f, and how sure that is: from a bank of retrained
/// models.
///
///     f(S) = b + s Σ_{i∈S} τ_i + Σ_{i∈S} δ_i + ε/√S,   δ_i ~ N(0, v_i)
///     removing z_i changes f by  −s τ_i ± 1.96 √(se(s)² τ_i² + v_i)
///
/// The spread of the residuals over subsets is that of noise between seeds and that of what the
/// scores get wrong, Σ_i v_i Var(z_i ∈ S). The first is measured where a bank has two seeds or more
/// and taken away; what is left is spread over the examples, v_i = V (1 − φ) τ_i²/g(τ²) + V φ/g(1),
/// g(u) being the variance of Σ_{i∈S} δ_i for δ_i² = u_i. φ, how far errors are proportional to the
/// scores, is the likeliest of a grid given all residuals. Interactions between examples count as δ.
///
/// The interval is of the change in the mean over training seeds, not of one retrained model, whose
/// noise is larger (`seedSpread`). It is as good as two assumptions: that δ is normal with that
/// variance, and that what half a training set teaches about slope and errors holds at the whole: the
/// effect of one example commonly shrinks with more data, so a bank of `fraction: 0.9` is closer.
///
/// - Source: ours; the noise model is that of datamodels (Ilyas et al. 2022).
public struct Calibration: Sendable, Codable, Equatable {
  /// The choices that made the scores.
  public struct Options: Sendable, Codable, Equatable {
    /// The method.
    public let method: String
    /// f.
    public let outputFunction: String
    /// D.
    public let exampleWeight: String
    /// The damping rule.
    public let damping: String
    /// The checkpoints.
    public let checkpoints: [String]
    /// `exact`, or the projector.
    public let kernel: String
    /// Content hash of the training examples.
    public let trainHash: String
    /// Content hash of the test examples.
    public let testHash: String
    /// Weights, configurations and layers; nil in files of former versions.
    public var madeFrom: Fingerprint?
    /// The only token of the queries that is asked about; nil for all.
    public var token: Int?
  }

  /// The bank it was fitted on.
  public struct Bank: Sendable, Codable, Equatable {
    /// Its name.
    public let name: String
    /// Its subsets.
    public let subsets: Int
    /// Share of the training set in each.
    public let fraction: Double
    /// Models of each subset.
    public let seeds: Int
    /// Seed of the subsets.
    public let subsetSeed: UInt64
    /// The seal of its file; nil in files of former versions.
    public var digest: String?
    /// What it was made from; nil in files of former versions.
    public var madeFrom: Fingerprint?
  }

  /// One query, or `all`: the mean of the test set.
  public struct Query: Sendable, Codable, Equatable {
    /// The test example, or `all`.
    public let id: ExampleID
    /// s: units of f for one unit of the score.
    public let slope: Double
    /// The standard error of s.
    public let slopeError: Double
    /// The part of v_i that is proportional to τ_i²: the factor.
    public let scoredVariance: Double
    /// The part of v_i that is the same for all.
    public let evenVariance: Double
    /// Standard deviation of f over subsets about the line.
    public let residualSpread: Double
    /// Standard deviation of f over seeds, one model each; nil with one seed.
    public let seedSpread: Double?

    /// The expected change of f when an example is left out, and half its 95 % interval.
    public func change(score: Float) -> (value: Double, error: Double) {
      let tau = Double(score)
      let variance = (slopeError * slopeError + scoredVariance) * tau * tau + evenVariance
      return (-slope * tau, 1.959964 * variance.squareRoot())
    }
  }

  /// What subsets that were held out say (5-fold cross-validation).
  public struct HeldOut: Sendable, Codable, Equatable {
    /// 1 − squared error over that of the mean, mean over queries.
    public let r2: Double
    /// Share of f on held-out subsets inside their 90 % prediction interval.
    public let coverage90: Double
    /// The same for 95 %.
    public let coverage95: Double
  }

  /// The choices that made the scores.
  public let options: Options
  /// The bank.
  public let bank: Bank
  /// Mean over queries of the correlation of Σ_{i∈S} τ with f.
  public let correlation: Double
  /// Half its 95 % interval, from resampling subsets.
  public let correlationError: Double
  /// What held-out subsets say.
  public let heldOut: HeldOut
  /// φ: share of the errors' variance that does not depend on the score.
  public let evenShare: Double
  /// Share of the residual variance that is not noise between seeds; 1 when there is one seed.
  public let errorShare: Double
  /// The test examples in order, then `all`.
  public let queries: [Query]

  /// The least held-out R² at which scores are given units: 5 % of the variance of f over subsets.
  ///
  /// That is a correlation of about 0.22 on subsets that were not fitted on. `graddot` on the digits
  /// (bank of 50 × 3) has 0.017, and every interval of a single removal then holds 0.
  public static let leastR2 = 0.05

  /// Why scores must not be given units; nil when they may.
  public var objection: String? {
    if correlation - correlationError <= 0 {
      return "the correlation of predicted and observed changes, "
        + "\(figure(correlation)) ± \(figure(correlationError)), may be 0"
    }
    if heldOut.r2 <= 0 {
      return "on held-out subsets the fit is no better than the mean (R² = \(figure(heldOut.r2)))"
    }
    if heldOut.r2 < Calibration.leastR2 {
      return "on held-out subsets the fit explains less than \(figure(Calibration.leastR2)) of "
        + "the variance (R² = \(figure(heldOut.r2)))"
    }
    return nil
  }

  /// What to say beside changes none of which can be told from 0; nil when one can, or there is
  /// none.
  ///
  /// - Parameter changes: expected changes of f, and half their 95 % intervals.
  public static func remark(onChanges changes: [(value: Double, error: Double)]) -> String? {
    guard !changes.isEmpty, changes.allSatisfy({ !(abs($0.value) > $0.error) }) else { return nil }
    return "no single change can be told from 0: every 95 % interval holds it"
  }

  /// The calibration of a query.
  public subscript(id: ExampleID) -> Query? { queries.first { $0.id == id } }
}

/// Three decimals.
func figure(_ value: Double) -> String {
  let scaled = (value * 1_000).rounded() / 1_000
  return String(scaled == 0 ? 0 : scaled)
}
