// Letters: K masks with gradients, k components with differences, R masks of each, n masks with
// outputs alone, d components, Q queries.
import LinearAlgebra
import Networks
import Tensors

/// The default: slopes under random masks, mended where they mislead, and a regression on the rest.
///
///     E_i = mean over K masks of ∂f/∂m_i          P_i = mean over R masks of f(i on) − f(i off)
///                                                       for the k largest E² and all heads, else E_i
///     f(m) ≈ b + s P·(m − m̄) + β·(m − m̄)          β by ridge, prior variances v_i/mean(v) + .05,
///     τ = s P + β                                  v_i the variance of ∂f/∂m_i over the masks
///
/// s corrects slopes that mislead alike; where all of P are differences it is 1: what the outputs of
/// some masks say of some components is no reason to scale what was measured of the others.
///
/// A gradient at random masks is a far better slope than the one with nothing taken away: of a unit
/// that is saturated or competes it shows the mean effect.
///
/// - Source: METHODS.md 6; Shah et al. 2024 (COAR) for the regression.
public struct ExpectedGradients: ComponentEstimator {
  /// How many output masks are made before it is asked again whether they help.
  static func round(of components: Int) -> Int { max(4, components / 16) }
  /// Least share of the leave-one-out error that the regression takes away for it to go on.
  static let leastGain = 0.02
  /// Least prior variance of a component, in mean ones.
  static let leastPrior = 0.05

  /// τ by slopes, differences and a regression.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let preset = study.preset
    let slopes = try ExpectedSlopes(
      study.bank(
        "gradients", study.masks(preset.gradientMasks, for: .gradients), takesGradients: true))
    let chosen = ExpectedGradients.exact(slopes, study)
    let differences = try MaskDifferences(
      of: chosen, under: slopes.bank, masks: preset.masksOfDifference(of: chosen.count), study)
    let slope = differences.replacing(slopes.means)
    let all = study.masks(preset.outputMasks(of: study.count), for: .outputs)
    let (fit, used) = try ExpectedGradients.fitted(
      slope, slopes, all, study, factor: chosen.count == study.count ? 1 : nil)
    var notes = [
      "\(preset.gradientMasks) masks with gradients, differences of \(chosen.count) components "
        + "under \(differences.masks) masks each, \(used) masks with outputs"
    ]
    notes.append(fit.sentence + (used < all.rows ? "; more masks were not worth their time" : ""))
    return ComponentEstimate(
      fit.scores, errors: fit.errors(slopes, differences), notes: notes)
  }

  /// The regression on so many output masks as help, and their number.
  private static func fitted(
    _ slope: Matrix<Float>, _ slopes: ExpectedSlopes, _ all: Matrix<Float>, _ study: ComponentStudy,
    factor: Double?
  ) throws -> (fit: SlopedFit, used: Int) {
    var banks: [AblationBank] = []
    for (number, range) in (0..<all.rows).blocks(of: round(of: study.count)).enumerated() {
      banks.append(try study.bank("outputs-\(number)", MatrixView(all).rows(range).matrix))
      // A first look at half of them: what the regression gains grows with its masks, and before it
      // cannot be told from noise.
      guard 2 * range.upperBound >= all.rows, range.upperBound < all.rows else { continue }
      let fit = try SlopedFit(slope, slopes.bank, banks, priors: slopes.priors, factor: factor)
      if fit.ridge.error > (1 - leastGain) * fit.ridge.errorWithout {
        return (fit, range.upperBound)
      }
    }
    return (
      try SlopedFit(slope, slopes.bank, banks, priors: slopes.priors, factor: factor), all.rows
    )
  }

  /// The components whose differences are taken: the k where slopes say most, and all heads.
  private static func exact(_ slopes: ExpectedSlopes, _ study: ComponentStudy) -> [Int] {
    let strength = slopes.meanSquares
    let order = strength.indices.sorted { (-strength[$0], $0) < (-strength[$1], $1) }
    let heads = study.components.components.indices.filter {
      study.components.components[$0].kind.isOfHeads
    }
    return Set(order.prefix(study.preset.exactComponents)).union(heads).sorted()
  }
}

extension ComponentGroup.Kind {
  /// Whether it is of an attention head, whose gradients mislead.
  var isOfHeads: Bool { [.head, .query, .key, .value].contains(self) }
}

/// E and v of a bank with gradients.
struct ExpectedSlopes {
  let bank: AblationBank
  /// E, Q × d.
  let means: Matrix<Float>
  /// v: the variance over the masks, its mean over the queries, d values.
  let variances: [Double]
  /// The mean over the queries of ∂f/∂m under each mask, K × d.
  let byMask: [[Double]]

  /// - Precision: fp64 sums in the order of the masks.
  init(_ bank: AblationBank) throws {
    self.bank = bank
    let (queries, d, count) = (bank.queryIDs.count, bank.components.count, bank.masks.rows)
    var sums = [Double](repeating: 0, count: queries * d)
    var squares = sums
    var byMask: [[Double]] = []
    for mask in 0..<count {
      let gradients = try bank.gradients(mask: mask)
      var own = [Double](repeating: 0, count: d)
      for cell in 0..<queries * d {
        let g = Double(gradients.storage.base[cell])
        sums[cell] += g
        squares[cell] += g * g
        own[cell % d] += g
      }
      byMask.append(own.map { $0 / Double(max(1, queries)) })
    }
    let n = Double(count)
    means = Matrix(sums.map { Float($0 / n) }, rows: queries, columns: d)
    var variances = [Double](repeating: 0, count: d)
    for cell in 0..<queries * d where count > 1 {
      variances[cell % d] += max(0, squares[cell] - sums[cell] * sums[cell] / n) / (n - 1)
    }
    self.variances = variances.map { $0 / Double(max(1, queries)) }
    self.byMask = byMask
  }

  /// Mean over the queries of E², d values.
  var meanSquares: [Double] {
    var result = [Double](repeating: 0, count: means.columns)
    for cell in 0..<means.rows * means.columns {
      let e = Double(means.storage.base[cell])
      result[cell % means.columns] += e * e
    }
    return result.map { $0 / Double(max(1, means.rows)) }
  }

  /// Prior variances w of what a regression adds: v/mean(v) + .05.
  var priors: [Double] {
    let mean = variances.reduce(0, +) / Double(max(1, variances.count))
    return variances.map { (mean > 0 ? $0 / mean : 1) + ExpectedGradients.leastPrior }
  }
}

/// f(i on) − f(i off) of some components under some of a bank's masks.
struct MaskDifferences {
  let components: [Int]
  /// Masks R of each.
  let masks: Int
  /// The mean over the masks, Q values a component.
  let means: [[Float]]
  /// The mean over the queries under each mask, R values a component.
  let byMask: [[Double]]

  init(
    of components: [Int], under bank: AblationBank, masks count: Int, _ study: ComponentStudy
  ) throws {
    self.components = components
    let (d, queries) = (study.count, study.outputs.count)
    let count = min(count, bank.masks.rows)
    masks = count
    let flipped = Matrix<Float>(uninitialized: components.count * count, d)
    for (index, place) in components.enumerated() {
      for mask in 0..<count {
        let row = flipped.storage.base + (index * count + mask) * d
        row.update(from: bank.masks.storage.base + mask * d, count: d)
        row[place] = 1 - row[place]
      }
    }
    let made = try study.bank("differences", flipped)
    var means: [[Float]] = []
    var byMask: [[Double]] = []
    for (index, place) in components.enumerated() {
      var sums = [Double](repeating: 0, count: queries)
      var own: [Double] = []
      for mask in 0..<count {
        let sign: Double = bank.masks.storage.base[mask * d + place] == 1 ? 1 : -1
        var total = 0.0
        for query in 0..<queries {
          let change =
            Double(bank.outputs[mask, query]) - Double(made.outputs[index * count + mask, query])
          sums[query] += sign * change
          total += sign * change
        }
        own.append(total / Double(max(1, queries)))
      }
      means.append(sums.map { Float($0 / Double(max(1, count))) })
      byMask.append(own)
    }
    (self.means, self.byMask) = (means, byMask)
  }

  /// P: these differences in the place of the slopes of their components.
  func replacing(_ slopes: Matrix<Float>) -> Matrix<Float> {
    let result = Matrix(slopes.elements, rows: slopes.rows, columns: slopes.columns)
    for (index, place) in components.enumerated() {
      for query in 0..<slopes.rows {
        result.storage.base[query * slopes.columns + place] = means[index][query]
      }
    }
    return result
  }
}
