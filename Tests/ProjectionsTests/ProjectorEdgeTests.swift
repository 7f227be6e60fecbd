import Factors
import Projections
import TestSupport
import Tensors
import Testing

@Suite("Projectors at the edges")
struct ProjectorEdgeTests {
  @Test("none, one and zero gradients, and one feature", arguments: Sample.randomKinds)
  func small(_ kind: ProjectorKind) throws {
    let g = Sample.dense(3, seed: 1)
    let layers = g.layerShapes
    let projector = try makeProjector(kind, dimension: 8, seed: 0, layers: layers)
    #expect(try projector.project(g.examples(0..<0)).rows == 0)
    let one = try projector.project(g.examples(1..<2)).elements
    let all = try projector.project(g).row(1)
    for (a, b) in zip(one, all) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b))) }
    let zero = ExampleGradients(
      count: 2,
      blocks: g.blocks.map {
        FactorBlock(
          weight: $0.weight, bias: $0.bias,
          term: OuterProductTerm(
            left: .dense(Tensor(repeating: 0, shape: [2, 1, $0.leftWidth])),
            right: $0.terms[0].right.examples(0..<2)))
      })
    #expect(try projector.project(zero).elements.allSatisfy { $0 == 0 })
    let smallest = kind == .kronecker || kind == .factoredSJLT ? 2 : 1
    let narrow = try makeProjector(kind, dimension: smallest, seed: 0, layers: layers)
    #expect(narrow.dimension == smallest)
    #expect(try narrow.project(g).columns == smallest)
  }

  @Test("more features than coordinates: kept whole, or expanded without bias")
  func large() throws {
    let g = Sample.dense(3, seed: 2)
    let layers = g.layerShapes
    let full = Sample.fullGradients(g)
    for kind in [ProjectorKind.kronecker, .factoredSJLT] {
      let projector = try makeProjector(kind, dimension: 1000, seed: 0, layers: layers)
      #expect(projector.dimension == 40)
      let rows = try projector.project(g).rowsInDouble
      for (row, gradient) in zip(rows, full) {
        #expect(abs(Sample.norm(row) - Sample.norm(gradient)) < 1e-5 * Sample.norm(gradient))
      }
    }
    for kind in [ProjectorKind.rademacher, .gaussian, .sjlt] {
      let projector = try makeProjector(kind, dimension: 5000, seed: 0, layers: layers)
      let row = try projector.project(g).rowsInDouble[0]
      #expect(abs(Sample.norm(row) / Sample.norm(full[0]) - 1) < 0.1)
    }
    let mask = try makeProjector(.mask, dimension: 40, seed: 0, layers: layers)
    #expect(try mask.project(g) == IdentityProjector(layers: layers).project(g))
  }

  @Test("a dimension out of range is refused with the nearest one")
  func dimensions() {
    let layers = Sample.dense(1, seed: 0).layerShapes
    let tooMany = diagnosed { _ = try makeProjector(.mask, dimension: 41, seed: 0, layers: layers) }
    #expect(
      tooMany?.description == """
        error: mask projection to 41 dimensions: needs at least 1 and at most 40.
          at:  ‹dimension›
          fix: pass ‹dimension› 40.
        """)
    let tooFew = diagnosed {
      _ = try makeProjector(.kronecker, dimension: 1, seed: 0, layers: layers)
    }
    #expect(tooFew?.what == "kronecker projection to 1 dimensions: needs at least 2.")
    #expect(tooFew?.remedy == "pass ‹dimension› 2.")
    #expect(tooFew?.exitCode == 2)
    for kind in ProjectorKind.allCases where kind != .identity && kind != .landmarks {
      let zero = diagnosed { _ = try makeProjector(kind, dimension: 0, seed: 0, layers: layers) }
      #expect(zero?.exitCode == 2)
      let empty = diagnosed { _ = try makeProjector(kind, dimension: 8, seed: 0, layers: []) }
      #expect(empty?.location == "the network")
    }
    #expect(throws: ProjectionError.landmarksNeedGradients) {
      try makeProjector(.landmarks, dimension: 8, seed: 0, layers: layers)
    }
  }

  @Test("a NaN or an infinity is reported with its example, layer and side")
  func nonFinite() throws {
    for bad in [Float.nan, .infinity] {
      let g = Sample.dense(5, seed: 3)
      guard case .denseWithOne(var inputs) = g.blocks[0].terms[0].right else { return }
      inputs[3 * 6 + 2] = bad
      let broken = ExampleGradients(
        count: 5,
        blocks: [
          FactorBlock(
            weight: g.blocks[0].weight, bias: g.blocks[0].bias,
            term: OuterProductTerm(left: g.blocks[0].terms[0].left, right: .denseWithOne(inputs))),
          g.blocks[1],
        ])
      for kind in ProjectorKind.allCases where kind != .landmarks {
        let projector = try makeProjector(kind, dimension: 8, seed: 0, layers: g.layerShapes)
        let error = diagnosed { _ = try projector.project(broken) }
        #expect(error?.what == "The input of example 3 is \(bad).")
        #expect(error?.location == "layer 0.weight")
      }
      let error = diagnosed { _ = try LandmarkProjector(drawing: 5, from: broken, seed: 0) }
      #expect(error?.location == "layer 0.weight")
      let landmarks = try LandmarkProjector(drawing: 2, from: g, seed: 0)
      #expect(diagnosed { _ = try landmarks.project(broken) }?.location == "layer 0.weight")
    }
  }

  @Test("gradients of another network are refused with both shapes")
  func otherShapes() throws {
    let g = Sample.dense(2, seed: 0)
    let other = ExampleGradients(count: 2, blocks: [g.blocks[1]])
    let projector = try makeProjector(.sjlt, dimension: 8, seed: 0, layers: g.layerShapes)
    let error = diagnosed { _ = try projector.project(other) }
    #expect(
      error?.description == """
        error: The projector was made for 0.weight:4x7, the gradients have 2.weight:3x4.
          at:  layer 0
          fix: use the model the projector was made for, or collect again with a new projector.
        """)
    #expect(error?.exitCode == 4)
    let shorter = ExampleGradients(count: 2, blocks: [g.blocks[0]])
    let missing = diagnosed { _ = try projector.project(shorter) }
    #expect(
      missing?.what
        == "The projector was made for 2.weight:3x4, the gradients have no layer.")
  }
}
