/// Loops that BLAS has no routine for: one generic body, specialised by the conformances' calls.

/// The first of `count` scalars that is NaN or infinite.
@inline(__always)
func scanForNonFinite<S: BinaryFloatingPoint>(_ count: Int, _ x: UnsafePointer<S>) -> Int? {
  // 0 · x is 0 for a finite x and NaN for any other: four sums keep the NaN of their lane.
  var (a, b, c, d) = (S.zero, S.zero, S.zero, S.zero)
  var i = 0
  while i + 4 <= count {
    a += 0 * x[i]
    b += 0 * x[i + 1]
    c += 0 * x[i + 2]
    d += 0 * x[i + 3]
    i += 4
  }
  while i < count {
    a += 0 * x[i]
    i += 1
  }
  return a + b + c + d == 0 ? nil : (0..<count).first { !x[$0].isFinite }
}

/// y[i] += |x[i]|, and the sum of all |x[i]|, in four lanes.
@inline(__always)
func accumulateAbsolute<S: BinaryFloatingPoint>(
  _ count: Int, _ x: UnsafePointer<S>, _ y: UnsafeMutablePointer<S>
) -> S {
  var (a, b, c, d) = (S.zero, S.zero, S.zero, S.zero)
  for i in 0..<count { y[i] += abs(x[i]) }
  var i = 0
  while i + 4 <= count {
    a += abs(x[i])
    b += abs(x[i + 1])
    c += abs(x[i + 2])
    d += abs(x[i + 3])
    i += 4
  }
  while i < count {
    a += abs(x[i])
    i += 1
  }
  return (a + b) + (c + d)
}

/// Writes the transpose, in blocks of 16 × 16 that keep both sides in cache.
@inline(__always)
func transposeBlocks<S: BinaryFloatingPoint>(
  _ rows: Int, _ columns: Int, _ source: UnsafePointer<S>, _ stride: Int,
  _ target: UnsafeMutablePointer<S>, _ targetStride: Int
) {
  let edge = 16
  var top = 0
  while top < rows {
    let bottom = min(rows, top + edge)
    var left = 0
    while left < columns {
      let right = min(columns, left + edge)
      for column in left..<right {
        let (from, to) = (source + column, target + column * targetStride)
        for row in top..<bottom { to[row] = from[row * stride] }
      }
      left = right
    }
    top = bottom
  }
}
