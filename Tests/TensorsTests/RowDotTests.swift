import CKernels
import Tensors
import Testing

@Suite struct RowDotTests {
  private func values(_ count: Int, seed: UInt64) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int64(bitPattern: state) >> 40) / 0x1p20
    }
  }

  @Test(arguments: [4, 3, 0] as [Int32])
  func dotsOfStoredRowsHaveTheBitsOfDotsOfWidenedRows(level: Int32) {
    ascribe_limit_kernel_level(level)
    defer { ascribe_limit_kernel_level(4) }
    for (seed, columns) in [1, 5, 31, 32, 33, 64, 100, 513].enumerated() {
      for rows in [0, 1, 3, 4, 5, 9] {
        let x = values(rows * columns, seed: UInt64(seed))
        let q = values(columns, seed: 99)
        var half = [UInt16](repeating: 0, count: x.count)
        var wide = x
        var found = [Float](repeating: -1, count: rows)
        func expected() -> [Float] {
          (0..<rows).map { row in
            VectorMath.dot(Array(wide[row * columns..<(row + 1) * columns]), q, count: columns)
          }
        }
        VectorMath.rowDots(x, rows: rows, columns: columns, q, into: &found)
        #expect(found == expected(), "float, \(rows) × \(columns)")
        VectorMath.toFloat16(x, into: &half, count: x.count)
        VectorMath.fromFloat16(half, into: &wide, count: x.count)
        VectorMath.rowDots(float16: half, rows: rows, columns: columns, q, into: &found)
        #expect(found == expected(), "float16, \(rows) × \(columns)")
        VectorMath.toBFloat16(x, into: &half, count: x.count)
        VectorMath.fromBFloat16(half, into: &wide, count: x.count)
        VectorMath.rowDots(bfloat16: half, rows: rows, columns: columns, q, into: &found)
        #expect(found == expected(), "bfloat16, \(rows) × \(columns)")
      }
    }
  }

  @Test func denormalHalvesCount() {
    // 2⁻²⁴, the smallest float16, and its negative twice.
    let x: [UInt16] = [1, 0x8001, 0x8001]
    var y: [Float] = [0]
    VectorMath.rowDots(float16: x, rows: 1, columns: 3, [1, 1, 2], into: &y)
    #expect(y == [-0x1p-23])
  }

  @Test(arguments: [4, 3, 0] as [Int32])
  func beyondIsStrictAndNeverNaN(level: Int32) {
    ascribe_limit_kernel_level(level)
    defer { ascribe_limit_kernel_level(4) }
    for place in 0..<70 {
      var x = [Float](repeating: 0.5, count: 70)
      x[69 - place] = .nan
      func beyond(_ value: Float) -> Bool {
        x[place] = value
        return VectorMath.anyBeyond(x, count: 70, low: -1, high: 1)
      }
      #expect(!beyond(1) && !beyond(-1) && !beyond(.nan))
      #expect(beyond(Float(1).nextUp) && beyond(Float(-1).nextDown))
      #expect(beyond(.infinity) && beyond(-.infinity))
    }
    #expect(!VectorMath.anyBeyond([], count: 0, low: 0, high: 0))
  }
}
