import CKernels
import Factors
import Foundation
import Projections
import Tensors
import Testing

/// Serialized: one test sets the number of workers of the process.
@Suite("Projector identities", .serialized)
struct ProjectorIdentityTests {
  private struct Golden: Decodable {
    struct Case: Decodable {
      let kind: ProjectorKind
      let k: Int
      let seed: UInt64
      let features: [Double]
    }
    let layers: [LayerShape]
    let cases: [Case]
  }

  @Test("features are those of the golden file, made by tools/reference/projections.py")
  func golden() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let data = try Data(contentsOf: root.appending(path: "Projections/golden/projectors.json"))
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    let blocks = golden.layers.map { layer in
      FactorBlock(
        weight: Parameter(name: layer.name, shape: [layer.outputs, layer.inputs], offset: 0),
        bias: nil,
        term: OuterProductTerm(
          left: .dense(
            Tensor(
              (0..<layer.outputs).map { Float($0 + 1) - Float(layer.outputs) / 2 },
              shape: [1, 1, layer.outputs])),
          right: .dense(
            Tensor((0..<layer.inputs).map { Float(3 * $0 % 7 - 3) }, shape: [1, 1, layer.inputs]))))
    }
    let gradients = ExampleGradients(count: 1, blocks: blocks)
    #expect(golden.cases.count == 12)
    for example in golden.cases {
      let projector = try makeProjector(
        example.kind, dimension: example.k, seed: example.seed, layers: golden.layers)
      let found = try projector.project(gradients).row(0)
      #expect(found.count == example.features.count, "\(example.kind)")
      for (a, b) in zip(found, example.features) {
        #expect(abs(Double(a) - b) <= 1e-5 * max(1, abs(b)), "\(example.kind) \(example.seed)")
      }
    }
  }

  @Test("the bits do not depend on the number of workers", arguments: ProjectorKind.allCases)
  func workers(_ kind: ProjectorKind) throws {
    let g = Sample.sequences(150, seed: 3)
    var results: [Matrix<Float>] = []
    for count in [1, 2, 3] {
      try Execution.with(workers: count) {
        let projector: any Projector =
          kind == .landmarks
          ? try LandmarkProjector(drawing: 30, from: g, seed: 1)
          : try makeProjector(kind, dimension: 24, seed: 1, layers: g.layerShapes)
        results.append(try projector.project(g))
      }
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test(
    "the sparse kinds have the same bits on every processor",
    arguments: [
      ProjectorKind.sjlt, .factoredSJLT,
    ])
  func processors(_ kind: ProjectorKind) throws {
    defer { ascribe_limit_kernel_level(4) }
    let g = Sample.sequences(77, seed: 3)
    let projector = try makeProjector(kind, dimension: 24, seed: 1, layers: g.layerShapes)
    var results: [Matrix<Float>] = []
    for level: Int32 in [4, 3, 0] {
      ascribe_limit_kernel_level(level)
      results.append(try projector.project(g))
    }
    #expect(results[0] == results[1])
    #expect(results[0] == results[2])
  }

  @Test("a projector is made again from its identity, through JSON", arguments: Sample.randomKinds)
  func again(_ kind: ProjectorKind) throws {
    let g = Sample.dense(4, seed: 1)
    let projector = try makeProjector(kind, dimension: 11, seed: 5, layers: g.layerShapes)
    let text = try JSONEncoder().encode(projector.identity)
    let identity = try JSONDecoder().decode(ProjectorIdentity.self, from: text)
    #expect(identity == projector.identity)
    #expect(try makeProjector(identity).project(g) == projector.project(g))
    let other = try makeProjector(kind, dimension: 11, seed: 6, layers: g.layerShapes)
    #expect(other.identity.canonicalText != identity.canonicalText)
    #expect(try other.project(g) != projector.project(g))
  }

  @Test("an identity of another version is refused")
  func version() throws {
    let layers = Sample.dense(1, seed: 0).layerShapes
    let identity = ProjectorIdentity(
      kind: .gaussian, dimension: 4, seed: 0, layers: layers, version: 99)
    #expect(throws: ProjectionError.unknownVersion(kind: .gaussian, version: 99)) {
      try makeProjector(identity)
    }
  }

  @Test("the canonical text names everything, and escapes layer names")
  func text() throws {
    let layers = [
      LayerShape(name: "0.weight", outputs: 4, inputs: 9),
      LayerShape(name: "a b,ü", outputs: 2, inputs: 3),
    ]
    let sjlt = try makeProjector(.sjlt, dimension: 16, seed: 7, layers: layers)
    #expect(
      sjlt.identity.canonicalText
        == "sjlt version=1 k=16 seed=7 nonzeros=4 layers=0.weight:4x9,a%20b%2c%c3%bc:2x3")
    let kronecker = try makeProjector(.kronecker, dimension: 20, seed: 7, layers: layers)
    #expect(
      kronecker.identity.canonicalText
        == "kronecker version=1 k=18 seed=7 requested=20 layers=0.weight:4x9,a%20b%2c%c3%bc:2x3")
  }
}
