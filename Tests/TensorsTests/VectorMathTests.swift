import Testing

@testable import Tensors

@Test("The sum of one to a hundred is 5,050 in every form")
func sumByHand() {
  let x = Tensor((1...100).map(Float.init), shape: [100])
  #expect(x.sum() == 5_050)
  #expect(VectorMath.sum(x.storage.base, count: 100) == 5_050)
}
