import Factors
import Projections
import Randomness
import Tensors
import TestSupport
import Testing

/// What holds of every projector, over seeds.
@Suite("Properties of projectors")
struct ProjectorPropertyTests {
  static let seeds: [UInt64] = [0, 5, 1 << 40]

  /// The gradients a g_i + b h_i: left sides scaled, both terms of every block.
  private func combined(
    _ g: ExampleGradients, _ a: Float, _ h: ExampleGradients, _ b: Float
  ) -> ExampleGradients {
    func scaled(_ term: OuterProductTerm, _ factor: Float) -> OuterProductTerm {
      OuterProductTerm(
        left: .dense(
          Tensor(
            term.left.materialised(count: g.count).elements.map { factor * $0 },
            shape: [g.count, term.positions, term.left.width])), right: term.right)
    }
    return ExampleGradients(
      count: g.count,
      blocks: zip(g.blocks, h.blocks).map { first, second in
        var block = FactorBlock(
          weight: first.weight, bias: first.bias, term: scaled(first.terms[0], a))
        for term in first.terms.dropFirst() { block.append(scaled(term, a)) }
        for term in second.terms { block.append(scaled(term, b)) }
        return block
      })
  }

  @Test(
    "features are linear: those of a g + b h are a and b times theirs",
    arguments: Sample.randomKinds + [.identity], seeds)
  func linear(kind: ProjectorKind, seed: UInt64) throws {
    let (g, h) = (Sample.dense(5, seed: seed), Sample.dense(5, seed: seed &+ 50))
    let projector = try makeProjector(kind, dimension: 13, seed: seed, layers: g.layerShapes)
    let both = try projector.project(combined(g, 1.5, h, -0.75)).rowsInDouble
    let (first, second) = (
      try projector.project(g).rowsInDouble, try projector.project(h).rowsInDouble
    )
    for i in 0..<5 {
      let size = 1.5 * Sample.norm(first[i]) + 0.75 * Sample.norm(second[i])
      for j in both[i].indices {
        let expected = 1.5 * first[i][j] - 0.75 * second[i][j]
        #expect(abs(both[i][j] - expected) <= 1e-5 * max(1, size), "seed \(seed)")
      }
    }
  }

  @Test(
    "an example's features do not depend on those beside it or on their order",
    arguments: Sample.randomKinds + [.identity], seeds)
  func order(kind: ProjectorKind, seed: UInt64) throws {
    let g = Sample.sequences(11, seed: seed)
    let projector = try makeProjector(kind, dimension: 16, seed: seed, layers: g.layerShapes)
    let all = try projector.project(g).rowsInDouble
    let rows = RandomStream(seed: seed, purpose: .shuffle).permutation(of: 11)
    let moved = try projector.project(g.gathered(rows)).rowsInDouble
    for (place, row) in rows.enumerated() {
      let size = max(1, Sample.norm(all[row]))
      for j in all[row].indices {
        #expect(abs(moved[place][j] - all[row][j]) <= 1e-5 * size, "seed \(seed)")
      }
    }
  }

  @Test(
    "the same seed gives the same bits, another seed another matrix", arguments: Sample.randomKinds)
  func ofSeeds(kind: ProjectorKind) throws {
    let g = Sample.dense(3, seed: 9)
    func features(_ seed: UInt64) throws -> [Float] {
      try makeProjector(kind, dimension: 12, seed: seed, layers: g.layerShapes).project(g).elements
    }
    var found: [[Float]] = []
    for seed in Self.seeds {
      let once = try features(seed)
      #expect(try features(seed) == once, "seed \(seed)")
      #expect(!found.contains(once), "seed \(seed)")
      found.append(once)
    }
  }

  @Test(
    "lengths of features are the gradients' in the mean over seeds, scale by scale",
    arguments: Sample.randomKinds, [Float(1e-3), 1, 1e3])
  func lengths(kind: ProjectorKind, scale: Float) throws {
    let g = Sample.dense(1, seed: 12)
    let zero = combined(g, scale, g, 0)
    let exact = Sample.fullGradients(zero)[0]
    var squares: [Double] = []
    for seed in 0..<150 as Range<UInt64> {
      let projector = try makeProjector(kind, dimension: 10, seed: seed, layers: g.layerShapes)
      let row = try projector.project(zero).rowsInDouble[0]
      squares.append(Sample.dot(row, row) / Sample.dot(exact, exact))
    }
    let mean = squares.reduce(0, +) / 150
    let spread = (squares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 150).squareRoot()
    #expect(spread > 0)
    #expect(abs(mean - 1) <= 4 * spread / 150.0.squareRoot(), "\(kind): \(mean)")
  }

  @Test("landmarks are nested, and more of them keep more of the trace", arguments: seeds)
  func landmarks(seed: UInt64) throws {
    let g = Sample.dense(24, seed: seed)
    let full = Sample.fullGradients(g)
    let diagonal = g.squaredNorms()
    var (rows, share) = ([Int](), 0.0)
    for k in [2, 5, 11, 24] {
      let projector = try LandmarkProjector(drawing: k, from: g, seed: seed)
      #expect(projector.rows.starts(with: rows) && Set(projector.rows).count == k)
      let features = try projector.project(g)
      let kept = traceShare(features: features, kernelDiagonal: diagonal)
      #expect(kept >= share - 1e-4 && kept <= 1 + 1e-4, "seed \(seed), \(k)")
      (rows, share) = (projector.rows, kept)
      // On the landmarks themselves the kernel is exact.
      let phi = features.rowsInDouble
      for a in projector.rows.prefix(4) {
        for b in projector.rows.prefix(4) {
          let exact = Sample.dot(full[a], full[b])
          let size = Sample.norm(full[a]) * Sample.norm(full[b])
          #expect(abs(Sample.dot(phi[a], phi[b]) - exact) <= 1e-3 * size, "seed \(seed), \(k)")
        }
      }
    }
    #expect(abs(share - 1) < 1e-3, "seed \(seed)")
  }

  @Test("the share of a trace is 1 of nothing, and the quotient of both sums")
  func traces() {
    let features = Matrix<Float>([3, 4, 0, 1], rows: 2, columns: 2)
    #expect(traceShare(features: features, kernelDiagonal: [30, 22]) == 0.5)
    #expect(
      traceShare(features: Matrix(repeating: 0, rows: 2, columns: 2), kernelDiagonal: [0, 0]) == 1)
  }

  @Test("landmarks beyond the examples, and landmarks of zero gradients, are refused")
  func refusals() throws {
    let g = Sample.dense(4, seed: 1)
    let tooMany = diagnosed { _ = try LandmarkProjector(drawing: 5, from: g, seed: 0) }
    #expect(
      tooMany?.description == """
        error: landmarks projection to 5 dimensions: needs at least 1 and at most 4.
          at:  ‹dimension›
          fix: pass ‹dimension› 4.
        """)
    let none = diagnosed {
      _ = try LandmarkProjector(drawing: 2, from: combined(g, 0, g, 0), seed: 0)
    }
    #expect(
      none?.description == """
        error: All 2 landmarks have a zero gradient.
          at:  the kernel of the landmarks
          fix: score an earlier checkpoint, or an output whose gradient does not vanish.
        """)
  }

  static let words: [ErrorWords] = [
    ErrorWords(
      ProjectionError.landmarksNeedGradients, code: 2,
      """
      error: landmarks are training examples: their gradients are needed, not only a seed.
        at:  ‹projector: landmarks›
        fix: make a LandmarkProjector from training gradients.
      """),
    ErrorWords(
      ProjectionError.noLayers,
      """
      error: There are no gradients to project: the network has no parameters.
        at:  the network
        fix: choose a model with parameters.
      """),
    ErrorWords(
      ProjectionError.degenerateLandmarks(count: 9, largestJitter: 0.015625),
      """
      error: The kernel of 9 landmarks is not positive definite, even with 0.015625 × its mean \
      diagonal added.
        at:  the kernel of the landmarks
        fix: use fewer landmarks, or another projector.
      """),
    ErrorWords(
      ProjectionError.unknownVersion(kind: .sjlt, version: 7), code: 4,
      """
      error: Version 7 of the sjlt projector is unknown to this engine.
        at:  the projector identity
        fix: use the engine version that wrote it, or collect again.
      """),
    ErrorWords(
      ProjectionError.nonFinite(example: 3, layer: "0.weight", side: .outputGradient, value: .nan),
      """
      error: The output gradient of example 3 is nan.
        at:  layer 0.weight
        fix: leave the example out, or look for a diverged model or bad input values.
      """),
  ]

  @Test("errors say what, where and how to go on", arguments: words)
  func printed(words: ErrorWords) { #expect(words.isPrinted, "\(words)") }
}
