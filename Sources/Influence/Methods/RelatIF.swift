// Letters: n training examples, m queries.

/// `relatif`, `relatif-theta` and `ekfac-unit`: `ekfac` divided by how much an example does anyway.
///
///     relatif         τ[x,i] / √(g_iᵀ (F + λ)⁻¹ g_i)      its own loss moved by one unit (ℓ-RelatIF)
///     relatif-theta   τ[x,i] / ‖(F + λ)⁻¹ g_i‖            the parameters moved by one unit (θ-RelatIF)
///     ekfac-unit      τ[x,i] / ‖g_i‖                      gradients of one length
///
/// Examples with large losses stand at the top of plain influence for every query; these bring those
/// that are like the query. With f = −ℓ a copy of the query has the largest `relatif` of all, by the
/// inequality of Cauchy and Schwarz.
///
/// - Source: Barshan, Brunet, Dziugaite 2020 (arXiv:2003.11630), (7) and (9).
extension Method {
  /// By the change of the example's own loss.
  public static let relatif = Method.ekfac.normalised(
    .relative, name: "relatif", title: "ekfac per unit of change of the example's own loss",
    unit: .relative, source: "Barshan et al. 2020")

  /// By the change of the parameters.
  public static let relatifParameters = Method.ekfac.normalised(
    .relativeParameters, name: "relatif-theta", title: "ekfac per unit of change of the parameters",
    unit: .relative, source: "Barshan et al. 2020")

  /// By the length of the gradient.
  public static let ekfacUnit = Method.ekfac.normalised(
    .unit, name: "ekfac-unit", title: "ekfac with training gradients of unit length",
    unit: .relative)
}
