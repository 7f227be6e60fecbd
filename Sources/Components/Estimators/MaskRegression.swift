// Letters: n masks, d components, Q queries.
import LinearAlgebra
import Tensors

/// Ridge regression of outputs on random masks.
///
///     f(m) ≈ b + τ·m          n random masks that take away α of the components
///
/// - Source: Shah, Ilyas, Madry 2024, COAR.
public struct MaskRegression: ComponentEstimator {
  /// The masks that it is fitted to.
  public enum Masks: Sendable {
    /// So many random ones; nil: twice the number of components.
    case random(Int?)
    /// M × d of one's own, 1 keeps.
    case list(Matrix<Float>)
  }

  /// The masks that it is fitted to.
  public let masks: Masks

  /// - Parameter masks: the masks that it is fitted to.
  public init(masks: Masks = .random(nil)) { self.masks = masks }

  /// τ by ridge regression.
  public func estimate(_ study: ComponentStudy) throws -> ComponentEstimate {
    let design: Matrix<Float>
    switch masks {
    case .random(let count):
      design = study.masks(count ?? 2 * study.count, for: .outputs)
    case .list(let list): design = list
    }
    let count = design.rows
    guard count >= 4 else {
      throw ComponentError.request(
        problem: "a regression on \(count) masks says nothing", field: "‹masks›",
        remedy: "at least 4; twice the number of components is usual")
    }
    let bank = try study.bank("outputs", design)
    let (masks, outputs) = SlopedFit.joined([bank])
    let fit = try MaskRidge(masks: masks, outputs: outputs)
    return ComponentEstimate(
      Matrix(
        fit.coefficients.elements.map { Float($0) }, rows: outputs.columns, columns: masks.columns),
      errors: fit.errors,
      notes: [
        "ridge on \(count) masks, leave-one-out R² \(ComponentText.number(1 - fit.error))"
      ])
  }
}
