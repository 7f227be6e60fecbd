import TestSupport
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("Products")
struct ProductTests {
  @Test("a product small enough to do by hand")
  func byHand() {
    let a = Matrix<Double>([1, 2, 3, 4], rows: 2, columns: 2)
    let b = Matrix<Double>([5, 6, 7, 8], rows: 2, columns: 2)
    #expect(product(a, b).elements == [19, 22, 43, 50])
    #expect(product(MatrixView(a).transposed, MatrixView(b)).elements == [26, 30, 38, 44])
  }
}
