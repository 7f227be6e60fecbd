import Projections
import Testing

@Suite("Flops of projections") struct ProjectionCostTests {
  private let layer = ProjectorKind.LayerSize(outputs: 8, inputs: 10, positions: 3)

  /// 20 features of 8 × 10: sides of 4 and 5 for `kronecker`, both whole for `factoredSJLT`, whose
  /// product of 80 is hashed twice.
  static let cases: [(kind: ProjectorKind, flops: Double)] = [
    (.kronecker, 6 * (10 * 5 + 8 * 4 + 20)), (.factoredSJLT, 2 * 80 * (3 + 2)),
    (.gaussian, 2 * 80 * 3 + 2 * 80 * 20), (.sjlt, 2 * 80 * (4 + 3)), (.identity, 2 * 80 * 3),
    (.mask, 2 * 3 * 20),
  ]

  @Test("one layer of three positions, by hand", arguments: cases)
  func byHand(kind: ProjectorKind, flops: Double) {
    #expect(kind.flops(of: 20, layers: [layer]) == flops)
  }

  @Test("sides that are kept whole cost nothing but their product")
  func whole() {
    #expect(ProjectorKind.kronecker.flops(of: 100, layers: [layer]) == 480.0)
  }

  @Test("no cost where there is no such projector")
  func absent() {
    #expect(ProjectorKind.kronecker.flops(of: 1, layers: [layer, layer]) == nil)
    #expect(ProjectorKind.factoredSJLT.flops(of: 1, layers: [layer, layer]) == nil)
    #expect(ProjectorKind.landmarks.flops(of: 20, layers: [layer]) == nil)
  }
}
