import LinearAlgebra
import Tensors

/// How fast this machine multiplies matrices.
///
/// No choice depends on it: it turns counted flops into minutes.
public enum MachineRate {
  /// The SGEMM rate of all workers, flop/s: the best of several short tries, measured once a process.
  ///
  /// The best, since other work on the machine makes tries slower, and nothing makes them faster.
  public static let measured: Double = best(of: 100, within: .milliseconds(150))

  private static func best(of tries: Int, within limit: Duration) -> Double {
    // A few milliseconds: shorter than the slices in which a busy machine gives its cores away.
    let size = 512
    let a = Matrix<Float>(repeating: 1, rows: size, columns: size)
    let clock = ContinuousClock()
    let flops = 2 * Double(size) * Double(size) * Double(size)
    let begun = clock.now
    var best = 0.0
    for tried in 0..<tries where tried < 3 || clock.now - begun < limit {
      let start = clock.now
      _ = product(MatrixView(a), MatrixView(a))
      best = max(best, flops / max((clock.now - start) / .seconds(1), 1e-9))
    }
    return best
  }
}
