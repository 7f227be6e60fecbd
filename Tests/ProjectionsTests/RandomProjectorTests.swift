import Factors
import Randomness
import Tensors
import Testing

@testable import Projections

@Suite("Random projectors")
struct RandomProjectorTests {
  @Test("identity gives the full gradient of every form of factor")
  func identity() throws {
    for gradients in [Sample.dense(5, seed: 1), Sample.sequences(5, seed: 2)] {
      let found = try IdentityProjector(layers: gradients.layerShapes).project(gradients)
      for (a, b) in zip(found.rowsInDouble, Sample.fullGradients(gradients)) {
        for (x, y) in zip(a, b) { #expect(abs(x - y) <= 1e-5 * max(1, abs(y))) }
      }
    }
  }

  @Test(
    "features from factors are the explicit matrix times the full gradients",
    arguments: Sample.randomKinds, [UInt64(0), 7])
  func explicitMatrix(_ kind: ProjectorKind, seed: UInt64) throws {
    for gradients in [Sample.dense(70, seed: seed), Sample.sequences(70, seed: seed)] {
      let projector = try makeProjector(
        kind, dimension: 17, seed: seed, layers: gradients.layerShapes)
      let matrix = try Sample.matrix(of: projector).rowsInDouble
      let features = try projector.project(gradients)
      #expect(features.columns == projector.dimension)
      for (row, full) in zip(features.rowsInDouble, Sample.fullGradients(gradients)) {
        let size = Sample.norm(full)
        for j in 0..<projector.dimension {
          let expected = full.indices.reduce(0.0) { $0 + full[$1] * matrix[$1][j] }
          #expect(abs(row[j] - expected) <= 1e-5 * size)
        }
      }
    }
  }

  @Test("sequences longer than a tile of lanes give the same", arguments: Sample.randomKinds)
  func longSequences(_ kind: ProjectorKind) throws {
    let block = FactorBlock(
      weight: Sample.parameter("w", [3, 4]), bias: nil,
      term: OuterProductTerm(
        left: .dense(Sample.values([20, 70, 3], 1, 1)),
        right: .denseWithOne(Sample.values([20, 70, 3], 1, 2))))
    let g = ExampleGradients(count: 20, blocks: [block])
    let projector = try makeProjector(kind, dimension: 5, seed: 0, layers: g.layerShapes)
    let matrix = try Sample.matrix(of: projector).rowsInDouble
    let features = try projector.project(g).rowsInDouble
    for (row, full) in zip(features, Sample.fullGradients(g)) {
      for j in row.indices {
        let expected = full.indices.reduce(0.0) { $0 + full[$1] * matrix[$1][j] }
        #expect(abs(row[j] - expected) <= 1e-5 * Sample.norm(full))
      }
    }
  }

  @Test("each kind's matrix has the entries of its definition")
  func entries() throws {
    let layers = Sample.dense(1, seed: 0).layerShapes
    func rows(_ kind: ProjectorKind, _ k: Int) throws -> [[Double]] {
      try Sample.matrix(of: makeProjector(kind, dimension: k, seed: 3, layers: layers)).rowsInDouble
    }
    for x in try rows(.rademacher, 16).joined() {
      let size: Double = abs(x)
      #expect(abs(size - 0.25) < 1e-7)
    }
    let normals = Tensor(uninitialized: [40 * 7])
    RandomStream(seed: 3, purpose: .projection)
      .fillGaussian(normals.storage.base, count: 40 * 7)
    let dense = try rows(.gaussian, 7).flatMap { $0 }
    let root = 7.0.squareRoot()
    for (a, b) in zip(dense, normals.elements) {
      let expected: Double = Double(b) / root
      #expect(abs(a - expected) < 1e-6)
    }
    for row in try rows(.sjlt, 16) {
      let places = row.indices.filter { row[$0] != 0 }
      let quarters: [Int] = places.map { $0 / 4 }
      #expect(quarters == [0, 1, 2, 3])
      for place in places { #expect(row[place].magnitude == 0.5) }
    }
    let mask = try rows(.mask, 10)
    let kept: [Int] = mask.map { row in row.count { $0 != 0 } }
    #expect(kept.reduce(0, +) == 10)
    for j in 0..<10 {
      let sum: Double = mask.reduce(0) { $0 + $1[j] }
      #expect(sum == 2)
    }
  }

  @Test(
    "features of a sum of gradients are the sum of their features", arguments: Sample.randomKinds)
  func linear(_ kind: ProjectorKind) throws {
    let g = Sample.dense(6, seed: 4)
    let sum = ExampleGradients(
      count: 6,
      blocks: g.blocks.map { block in
        var twice = block
        twice.append(block.terms[0])
        return twice
      })
    let projector = try makeProjector(kind, dimension: 12, seed: 1, layers: g.layerShapes)
    let once = try projector.project(g).elements
    let both = try projector.project(sum).elements
    for (a, b) in zip(once, both) { #expect(abs(2 * a - b) <= 1e-5 * max(1, abs(b))) }
  }

  @Test(
    "inner products are unbiased over seeds, within 4 standard errors",
    arguments: Sample.randomKinds)
  func unbiased(_ kind: ProjectorKind) throws {
    let g = Sample.dense(2, seed: 5)
    let full = Sample.fullGradients(g)
    let seeds = 400
    for (i, j) in [(0, 1), (0, 0)] {
      var (sum, squares) = (0.0, 0.0)
      for seed in 0..<seeds {
        let projector = try makeProjector(
          kind, dimension: 9, seed: UInt64(seed), layers: g.layerShapes)
        let rows = try projector.project(g).rowsInDouble
        let value = Sample.dot(rows[i], rows[j])
        sum += value
        squares += value * value
      }
      let mean = sum / Double(seeds)
      let deviation = (squares / Double(seeds) - mean * mean).squareRoot()
      let standardError = deviation / Double(seeds).squareRoot()
      #expect(deviation > 0)
      #expect(abs(mean - Sample.dot(full[i], full[j])) <= 4 * standardError, "\(kind) \(i) \(j)")
    }
  }

  @Test(
    "the error of inner products has the standard deviation of the theory",
    arguments: [ProjectorKind.rademacher, .gaussian, .sjlt])
  func distortion(_ kind: ProjectorKind) throws {
    // Var⟨Pᵀu, Pᵀv⟩ ≤ (‖u‖²‖v‖² + ⟨u,v⟩²)/k for each of the three.
    let g = Sample.dense(2, seed: 6)
    let full = Sample.fullGradients(g)
    let exact = Sample.dot(full[0], full[1])
    let k = 32
    let seeds = 300
    var squares = 0.0
    var worst = 0.0
    let bound =
      ((Sample.dot(full[0], full[0]) * Sample.dot(full[1], full[1]) + exact * exact) / Double(k))
      .squareRoot()
    for seed in 0..<seeds {
      let projector = try makeProjector(
        kind, dimension: k, seed: UInt64(seed), layers: g.layerShapes)
      let rows = try projector.project(g).rowsInDouble
      let error = Sample.dot(rows[0], rows[1]) - exact
      squares += error * error
      worst = max(worst, abs(error))
    }
    let deviation = (squares / Double(seeds)).squareRoot()
    #expect(deviation < 1.2 * bound)
    #expect(deviation > 0.4 * bound)
    #expect(worst < 5 * bound)
  }

  @Test("projecting in two batches gives the same up to rounding", arguments: Sample.randomKinds)
  func batches(_ kind: ProjectorKind) throws {
    let g = Sample.sequences(90, seed: 8)
    let projector = try makeProjector(kind, dimension: 20, seed: 2, layers: g.layerShapes)
    let whole = try projector.project(g).elements
    let parts =
      try projector.project(g.examples(0..<37)).elements
      + projector.project(g.examples(37..<90)).elements
    for (a, b) in zip(whole, parts) { #expect(abs(a - b) <= 2e-5 * max(1, abs(b))) }
    if kind == .sjlt || kind == .factoredSJLT || kind == .mask { #expect(whole == parts) }
  }

  @Test("blocks of coordinates cover all of them once, in order")
  func blocks() {
    let wide = LayerShape(name: "w", outputs: 3, inputs: 50)
    let layers = Sample.dense(1, seed: 0).layerShapes + [wide]
    for size in [1, 5, 7, 16, 40, 1000] {
      var next = 0
      for block in CoordinateBlock.blocks(of: layers, size: size) {
        #expect(block.start == next)
        #expect(block.count <= size)
        next += block.count
      }
      #expect(next == 28 + 12 + 150)
    }
  }
}
