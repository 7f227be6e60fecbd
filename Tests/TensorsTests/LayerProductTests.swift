import CKernels
import Testing

@testable import Tensors

@Suite struct LayerProductTests {
  struct Shape: CustomTestStringConvertible, Sendable {
    let rows: Int, inputs: Int, outputs: Int
    var testDescription: String { "\(rows) rows, \(inputs) into \(outputs)" }
  }

  static let shapes = [
    Shape(rows: 1, inputs: 16, outputs: 1), Shape(rows: 4, inputs: 48, outputs: 8),
    Shape(rows: 5, inputs: 64, outputs: 11), Shape(rows: 7, inputs: 112, outputs: 33),
  ]

  private func values(_ count: Int, _ seed: Int) -> [Float] {
    (0..<count).map { Float(($0 * 7919 + seed * 104_729) % 2003) / 1001 - 1 }
  }

  private func forward(_ s: Shape, cut: Int) -> [Float] {
    let (x, w) = (values(s.rows * s.inputs, 1), values(s.outputs * s.inputs, 2))
    var y = values(s.rows * s.outputs, 3)
    for start in stride(from: 0, to: s.outputs, by: cut) {
      let count = min(cut, s.outputs - start)
      y.withUnsafeMutableBufferPointer { target in
        w.withUnsafeBufferPointer { weight in
          guard let to = target.baseAddress, let from = weight.baseAddress else { return }
          VectorMath.addLayerForward(
            x, rows: s.rows, weight: from + start * s.inputs, outputs: count, inputs: s.inputs,
            onto: to + start, stride: s.outputs)
        }
      }
    }
    return y
  }

  private func gradient(_ s: Shape, cut: Int) -> [Float] {
    let (dy, x) = (values(s.rows * s.outputs, 4), values(s.rows * s.inputs, 1))
    var dw = values(s.outputs * s.inputs, 5)
    for start in stride(from: 0, to: s.outputs, by: cut) {
      let count = min(cut, s.outputs - start)
      dw.withUnsafeMutableBufferPointer { target in
        dy.withUnsafeBufferPointer { left in
          guard let to = target.baseAddress, let from = left.baseAddress else { return }
          VectorMath.addLayerGradient(
            from + start, stride: s.outputs, x, rows: s.rows, outputs: count, inputs: s.inputs,
            onto: to + start * s.inputs)
        }
      }
    }
    return dw
  }

  @Test(arguments: shapes)
  func `both products are those of a plain fp64 loop`(s: Shape) {
    let (x, w) = (values(s.rows * s.inputs, 1), values(s.outputs * s.inputs, 2))
    let (y, dy) = (values(s.rows * s.outputs, 3), values(s.rows * s.outputs, 4))
    let dw = values(s.outputs * s.inputs, 5)
    let (found, gradient) = (forward(s, cut: s.outputs), gradient(s, cut: s.outputs))
    // Errors of n additions of values below 1.
    for r in 0..<s.rows {
      for o in 0..<s.outputs {
        let sum = (0..<s.inputs).reduce(Double(y[r * s.outputs + o])) {
          $0 + Double(x[r * s.inputs + $1]) * Double(w[o * s.inputs + $1])
        }
        #expect(
          abs(sum - Double(found[r * s.outputs + o])) < 0x1p-23 * Double(s.inputs), "\(r), \(o)")
      }
    }
    for o in 0..<s.outputs {
      for i in 0..<s.inputs {
        let sum = (0..<s.rows).reduce(Double(dw[o * s.inputs + i])) {
          $0 + Double(dy[$1 * s.outputs + o]) * Double(x[$1 * s.inputs + i])
        }
        #expect(
          abs(sum - Double(gradient[o * s.inputs + i])) < 0x1p-22 * Double(s.rows + 1),
          "\(o), \(i)")
      }
    }
  }

  @Test(arguments: shapes)
  func `cut anywhere, by AVX-512 or AVX2, they have the same bits`(s: Shape) {
    let (y, dw) = (forward(s, cut: s.outputs), gradient(s, cut: s.outputs))
    for cut in [1, 3, 8] {
      #expect(forward(s, cut: cut) == y, "cut \(cut)")
      #expect(gradient(s, cut: cut) == dw, "cut \(cut)")
    }
    guard Processor.level >= 3 else { return }
    ascribe_limit_kernel_level(3)
    defer { ascribe_limit_kernel_level(4) }
    #expect(forward(s, cut: s.outputs) == y)
    #expect(gradient(s, cut: s.outputs) == dw)
  }

  @Test func `kernels are for few rows of wide inputs`() {
    let isNew = Processor.level >= 4
    #expect(VectorMath.layerKernelsSuit(rows: 64, inputs: 784, outputs: 128) == isNew)
    #expect(!VectorMath.layerKernelsSuit(rows: 257, inputs: 784, outputs: 128))
    #expect(!VectorMath.layerKernelsSuit(rows: 64, inputs: 785, outputs: 128))
    #expect(!VectorMath.layerKernelsSuit(rows: 64, inputs: 128, outputs: 64))
    #expect(!VectorMath.layerKernelsSuit(rows: 64, inputs: 1024, outputs: 256))
  }
}
