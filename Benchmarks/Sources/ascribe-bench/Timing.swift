import LinearAlgebra
import Tensors

/// Wall-clock seconds of a piece of work.
func seconds(_ body: () throws -> Void) rethrows -> Double {
  let clock = ContinuousClock()
  let start = clock.now
  try body()
  return (clock.now - start) / .seconds(1)
}

/// The middle of some values, the mean of the two middle ones of an even number.
func median(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  guard let last = sorted.last else { return .nan }
  if sorted.count % 2 == 1 { return sorted[sorted.count / 2] }
  return sorted.count == 0 ? last : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
}

/// Times of two pieces of work measured in turn, so that what else the machine does slows both.
struct Comparison: Sendable {
  /// Seconds of the first, a round each.
  private(set) var first: [Double] = []
  /// Seconds of the second.
  private(set) var second: [Double] = []

  /// Measures A B A B …, after a round of both that does not count.
  init(
    rounds: Int, warmUp: Bool = true, _ a: () throws -> Double, against b: () throws -> Double
  ) rethrows {
    if warmUp {
      _ = try a()
      _ = try b()
    }
    for _ in 0..<rounds {
      first.append(try a())
      second.append(try b())
    }
  }

  /// The median of the rounds' own ratios, first to second.
  var ratio: Double { median(zip(first, second).map { $0 / $1 }) }
}

/// The rate of float products through `Tensors`, the measure of everything that is flops.
struct SGEMM {
  /// Edge of the square product.
  static let edge = 2_048
  private let a = Workload.noise(rows: SGEMM.edge, columns: SGEMM.edge, index: 1)
  private let b = Workload.noise(rows: SGEMM.edge, columns: SGEMM.edge, index: 2)
  private let c = Matrix<Float>(uninitialized: SGEMM.edge, SGEMM.edge)

  /// Flops of one product.
  static let flops = 2 * Double(edge) * Double(edge) * Double(edge)

  /// Seconds of one product: the median of three.
  func time() -> Double {
    median((0..<3).map { _ in seconds { gemm(MatrixView(a), MatrixView(b), into: MatrixView(c)) } })
  }

  /// Measures work in turn with products of the same flops.
  ///
  /// - Returns: seconds of the work, and how many times those of its flops in plain products.
  func compare(
    _ name: String, flops: Double, rounds: Int, _ work: () throws -> Void
  ) rethrows -> BenchmarkRow {
    // The product is timed before and after, and the mean of both is the reference.
    var before = 0.0
    let times = try Comparison(rounds: rounds) {
      before = time()
      return try seconds(work)
    } against: {
      (before + time()) / 2 * flops / SGEMM.flops
    }
    let rate = flops / median(times.second) / 1e9
    return BenchmarkRow(
      name, median(times.first), "s",
      reference: "\(text(flops / 1e9)) Gflop in SGEMM at \(text(rate)) GF/s", ratio: times.ratio)
  }
}

/// A number with three digits or more before and after the point together.
func text(_ value: Double) -> String {
  let magnitude = abs(value)
  let places = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3
  var scale = 1.0
  for _ in 0..<places { scale *= 10 }
  if magnitude < 0.01 && magnitude > 0 { return "\((value * 1e6).rounded() / 1e6)" }
  let rounded = (value * scale).rounded() / scale
  return places == 0 ? "\(Int(rounded))" : "\(rounded)"
}
