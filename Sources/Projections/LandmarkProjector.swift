// Letters: n examples, k landmarks Z.
//
// In order of priority: never above the exact kernel by more than rounding, robust to duplicate and
// zero landmarks, the rate of GEMM.
import Factors
import LinearAlgebra
import Tensors

/// Nyström features: the exact kernel to k training examples, whitened.
///
///     φ(z) = R⁻ᵀ κ(Z, z),   RᵀR = κ(Z, Z) + jitter,   κ(z, z′) = ⟨g(z), g(z′)⟩ through the factors
///
/// ⟨φ(z), φ(z′)⟩ is the inner product of the gradients' projections on the span of the landmarks'
/// gradients: exact on Z and for k = n, elsewhere ‖φ(z)‖² ≤ κ(z, z). The share of the trace it keeps
/// (`traceShare`) is its reported error.
///
/// The kernel is scaled to a unit diagonal first, so that the jitter is relative to each landmark's
/// own size; a zero landmark gives a zero feature.
///
/// The jitter j takes up to j of each kept direction, and rounding of κ(Z, z), of about ε√k, comes
/// back as ε²k/j: their sum is least at j = ε√k, where it begins. So for k = n ridge models agree with
/// the exact kernel's to about j/λ (λ in units of the diagonal): 1e-5 at λ = 1, but only 1e-3 at
/// λ = .001 where gradients are dependent. Less takes κ and the solve in double, twice their time.
///
/// - Source: Williams & Seeger 2001; METHODS.md section 3.
public struct LandmarkProjector: Projector {
  /// What the features are made from.
  public let identity: ProjectorIdentity
  /// The landmarks' rows in the training set, in the order drawn.
  public let rows: [Int]
  /// What was added to the unit diagonal of the scaled kernel: the share of each landmark's squared
  /// norm that its feature may lose.
  public let jitter: Double
  private let landmarks: ExampleGradients
  /// L = Rᵀ in the lower triangle, rows scaled back to the landmarks' sizes: k × k, zeros above.
  ///
  /// With the landmarks' gradients all that a projector needs; kept, it need not be made again.
  public let factor: Matrix<Float>

  /// Yes: gradients of landmarks that have many positions are written out at each call.
  public var prefersManyExamples: Bool { true }

  /// A projector on given landmarks.
  ///
  /// - Parameters:
  ///   - landmarks: k examples, k ≥ 1.
  ///   - rows: their rows in the training set.
  ///   - population: n, the training set they were drawn from.
  ///   - seed: of the draw.
  /// - Throws: `nonFinite`, `zeroLandmarks`; `degenerateLandmarks` when no jitter up to 2⁻⁶ helps;
  ///   `noLayers`, `dimensionOutOfRange` for k = 0; `LinearAlgebraError.nonFinite` when the kernel
  ///   overflows.
  /// - Complexity: k²·Σ(I + O) + k³/3 flops, the latter in double.
  public init(
    landmarks: ExampleGradients, rows: [Int], population: Int, seed: UInt64
  ) throws {
    try self.init(landmarks: landmarks, rows: rows, population: population, seed: seed) {
      let kernel = $0.exactKernel()
      try KernelProgress.check()
      return try whiteningFactor(of: kernel)
    }
  }

  /// A projector made before, from its landmarks' gradients and the factor kept of it.
  ///
  /// - Parameters:
  ///   - landmarks, rows, population, seed: as they were then.
  ///   - factor: `factor` of that projector, k × k.
  ///   - jitter: its `jitter`.
  /// - Throws: `nonFinite` for the gradients, `noLayers`, `dimensionOutOfRange`.
  /// - Complexity: none but a look at the gradients.
  public init(
    landmarks: ExampleGradients, rows: [Int], population: Int, seed: UInt64,
    factor: Matrix<Float>, jitter: Double
  ) throws {
    precondition(
      factor.rows == rows.count && factor.columns == rows.count,
      "\(factor.rows) × \(factor.columns) for \(rows.count) landmarks")
    try self.init(landmarks: landmarks, rows: rows, population: population, seed: seed) { _ in
      (factor, jitter)
    }
  }

  private init(
    landmarks: ExampleGradients, rows: [Int], population: Int, seed: UInt64,
    whitening: (ExampleGradients) throws -> (factor: Matrix<Float>, jitter: Double)
  ) throws {
    precondition(rows.count == landmarks.count, "\(rows.count) rows, \(landmarks.count) landmarks")
    let landmarks = landmarks.writtenOutWhereSmaller()
    let k = landmarks.count
    try requireDimension(k, .landmarks, landmarks.layerShapes, in: 1...max(1, population))
    try landmarks.requireFinite()
    (factor, jitter) = try whitening(landmarks)
    self.rows = rows
    self.landmarks = landmarks
    identity = ProjectorIdentity(
      kind: .landmarks, dimension: k, seed: seed, layers: landmarks.layerShapes,
      parameters: ["population": "\(population)", "rows": digest(of: rows)])
  }

  /// The features, n × k.
  ///
  /// - Complexity: 2nk·Σ(I + O) + nk² flops for T = 1.
  /// - Precision: fp32 kernel and triangular solve with a factor from fp64.
  public func project(_ gradients: ExampleGradients) throws -> Matrix<Float> {
    let gradients = gradients.writtenOutWhereSmaller()
    try check(gradients)
    var features = gradients.exactKernel(with: landmarks)
    try KernelProgress.check()
    let target = MatrixView(
      storage: features.writableStorage(), rows: gradients.count, columns: dimension,
      stride: dimension)
    solveTriangular(rows: target, lower: MatrixView(factor), transposed: true)
    return features
  }
}

/// L with L Lᵀ = kernel, up to a jitter relative to its diagonal.
///
/// - Parameter kernel: k × k, symmetric.
/// - Returns: D L̃ for L̃ L̃ᵀ = D⁻¹ kernel D⁻¹ + jitter · I, D² the diagonal (1 where that is 0).
private func whiteningFactor(
  of kernel: Matrix<Float>
) throws -> (factor: Matrix<Float>, jitter: Double) {
  let k = kernel.rows
  let diagonal = (0..<k).map { Double(kernel.storage.base[$0 * (k + 1)]) }
  if diagonal.allSatisfy({ $0 <= 0 }) { throw ProjectionError.zeroLandmarks(count: k) }
  let sizes = diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
  // The rounding of an fp32 kernel of unit diagonal has a spectral norm of some √k · 2⁻²³.
  var jitter = Double(k).squareRoot() * 0x1p-23
  while jitter <= 0x1p-6 {
    let attempt = Result { () throws(LinearAlgebraError) -> Cholesky<Double> in
      try Cholesky(scaled(kernel, by: sizes), damping: jitter, name: "landmark kernel")
    }
    switch attempt {
    case .success(let cholesky): return (rescaled(cholesky.factor, by: sizes), jitter)
    case .failure(.notPositiveDefinite): jitter *= 8
    case .failure(let error): throw error
    }
  }
  throw ProjectionError.degenerateLandmarks(count: k, largestJitter: jitter / 8)
}

/// D⁻¹ kernel D⁻¹ in double, lower triangle, with a diagonal of ones.
private func scaled(_ kernel: Matrix<Float>, by sizes: [Double]) -> Matrix<Double> {
  let k = kernel.rows
  let result = Matrix<Double>(uninitialized: k, k)
  let inverse = sizes.map { 1 / $0 }
  Workers.run(over: k, grain: 64) { rows in
    for i in rows {
      let source = kernel.storage.base + i * k
      let target = result.storage.base + i * k
      let scale = inverse[i]
      for j in 0..<i { target[j] = Double(source[j]) * scale * inverse[j] }
      target[i] = 1
    }
  }
  return result
}

/// D L in float, lower triangle.
private func rescaled(_ factor: Matrix<Double>, by sizes: [Double]) -> Matrix<Float> {
  let k = factor.rows
  let result = Matrix<Float>(uninitialized: k, k)
  Workers.run(over: k, grain: 64) { rows in
    for i in rows {
      let source = factor.storage.base + i * k
      let target = result.storage.base + i * k
      for j in 0...i { target[j] = Float(source[j] * sizes[i]) }
      for j in i + 1..<max(k, i + 1) { target[j] = 0 }
    }
  }
  return result
}

/// FNV-1a of the rows as 64-bit little-endian integers, 16 hexadecimal digits.
private func digest(of rows: [Int]) -> String {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for row in rows {
    for shift in stride(from: 0, to: 64, by: 8) {
      hash = (hash ^ (UInt64(row) >> UInt64(shift) & 0xFF)) &* 0x100_0000_01B3
    }
  }
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
