import Factors
import Networks
import Tensors
import TestSupport
import Testing

/// Derivatives along directions of whole networks, against differences of the plain fp64 network.
///
/// A random direction a parameter: an error in any layer's rule is in the row that names it.
@Suite("Curvature of every family against differences in fp64")
struct FamilyCurvatureTests {
  /// A family at some parameters with a direction v and a probe u_k in each parameter.
  struct Problem {
    let family: FamilyCase
    let theta, v: Tensor
    let plain: PlainNetwork
    let draws: DropoutDraws?
    let wide: [Double]
    let probes: [(name: String, u: [Double])]

    /// - Parameter selected: the parameters that gradients are taken by; nil: all.
    init(_ family: FamilyCase, trains: Bool, seed: UInt64 = 1, selected: ParameterSelection? = nil)
    {
      self.family = family
      let network = family.network
      theta = family.parameters(seed: seed)
      v = gaussian(theta.shape, seed: seed, index: 2)
      draws = trains ? FamilyCase.draws : nil
      plain = PlainNetwork(network, family.inputs, draws: draws)
      wide = theta.elements.map { Double($0) }
      let buffers = Set(network.buffers.map(\.offset))
      let (noise, count) = (gaussian(theta.shape, seed: seed, index: 3), theta.count)
      probes = network.parameters.compactMap { parameter in
        if buffers.contains(parameter.offset) { return nil }
        if let selected, !selected.contains(parameter) { return nil }
        var u = [Double](repeating: 0, count: count)
        for i in parameter.range { u[i] = Double(noise[i]) }
        return (parameter.name, u)
      }
      // The kinks' sides.
      _ = plain.outputs(wide)
    }

    /// v where it is differentiated by: not the running statistics, not outside a selection.
    func direction(_ selection: ParameterSelection?) -> [Double] {
      var result = [Double](repeating: 0, count: theta.count)
      let buffers = Set(family.network.buffers.map(\.offset))
      for parameter in family.network.parameters
      where selection.selects(parameter) && !buffers.contains(parameter.offset) {
        for i in parameter.range { result[i] = Double(v[i]) }
      }
      return result
    }

    func moved(_ steps: (Double, [Double])...) -> [Double] {
      var at = wide
      for (step, u) in steps { for i in at.indices { at[i] += step * u[i] } }
      return at
    }

    func total(_ at: [Double]) -> Double { family.losses(plain.outputs(at)).reduce(0, +) }

    /// A central difference along u.
    func slope(_ u: [Double], _ f: ([Double]) -> Double) -> Double {
      let h = 1e-5
      return (f(moved((h, u))) - f(moved((-h, u)))) / (2 * h)
    }

    /// Central differences of every example's loss along u.
    func slopes(_ u: [Double]) -> [Double] {
      let h = 1e-5
      func losses(_ step: Double) -> [Double] { family.losses(plain.outputs(moved((step, u)))) }
      return zip(losses(h), losses(-h)).map { ($0 - $1) / (2 * h) }
    }

    /// uᵀ H v by four values: at h = 1e-4 rounding ~ 2⁻⁵²/h² ~ 2e-8 and truncation ~ h².
    func bend(_ u: [Double], _ v: [Double]) -> Double {
      let h = 1e-4
      let (up, down) = (
        total(moved((h, u), (h, v))) - total(moved((h, u), (-h, v))),
        total(moved((-h, u), (h, v))) - total(moved((-h, u), (-h, v)))
      )
      return (up - down) / (4 * h * h)
    }

    func along(_ u: [Double], _ product: Tensor) -> Double {
      u.indices.reduce(0) { $0 + u[$1] * Double(product[$1]) }
    }

    func curvature(
      _ network: Network? = nil, _ matrix: Network.CurvatureMatrix = .hessian, scale: Double = 1,
      statistics: [Int: Tensor] = [:]
    ) throws -> CurvatureProduct {
      try (network ?? family.network).curvature(
        family.inputs, family.targets, parameters: theta, loss: family.loss, along: v,
        matrix: matrix, dropout: draws, scale: scale, statistics: statistics)
    }
  }

  /// ‖found − expected‖ relative to ‖expected‖, with the worst row's name.
  private func expect(
    _ found: [Double], _ expected: [Double], _ names: [String], within tolerance: Double
  ) {
    let worst = names.indices.max {
      abs(found[$0] - expected[$0]) < abs(found[$1] - expected[$1])
    }
    let text = worst.map { "\(names[$0]): \(found[$0]), not \(expected[$0])" } ?? ""
    #expect(relativeDifference(found, expected) < tolerance, "\(text)")
  }

  @Test("there are eighteen families, with and without dropout and batch statistics")
  func families() {
    #expect(FamilyCase.all.count == 18 && FamilyCase.withStatistics.count == 3)
  }

  @Test("outputs and gradients are the plain network's", arguments: FamilyCase.all, [true, false])
  func gradients(_ family: FamilyCase, trains: Bool) throws {
    let p = Problem(family, trains: trains)
    let gradient = try family.network.lossGradient(
      family.inputs, family.targets, parameters: p.theta, loss: family.loss, dropout: p.draws)
    #expect(relativeDifference(gradient.outputs.elements, p.plain.outputs(p.wide)) < 1e-5)
    expect(
      p.probes.map { p.along($0.u, gradient.parameters) },
      p.probes.map { p.slope($0.u, p.total) }, p.probes.map(\.name), within: 2e-5)
  }

  @Test(
    "H v and every example's slope along v are differences, under dropout and batch statistics",
    arguments: FamilyCase.all, [true, false])
  func hessian(_ family: FamilyCase, trains: Bool) throws {
    let p = Problem(family, trains: trains)
    let found = try p.curvature()
    let v = p.direction(nil)
    expect(
      p.probes.map { p.along($0.u, found.product) }, p.probes.map { p.bend($0.u, v) },
      p.probes.map(\.name), within: 1e-4)
    #expect(relativeDifference(found.exampleDerivatives, p.slopes(v)) < 2e-5)
    #expect(relativeDifference(found.outputs.elements, p.plain.outputs(p.wide)) < 1e-5)
    let half = try p.curvature(scale: 0.5)
    #expect(half.product == found.product.scaled(by: 0.5))
    #expect(half.exampleDerivatives == found.exampleDerivatives)
  }

  @Test("G v is that of differences of the outputs", arguments: FamilyCase.all)
  func gaussNewton(_ family: FamilyCase) throws {
    let p = Problem(family, trains: true)
    let product = try p.curvature(nil, .gaussNewton).product
    let h = 1e-5
    func tangent(_ u: [Double]) -> [Double] {
      zip(p.plain.outputs(p.moved((h, u))), p.plain.outputs(p.moved((-h, u)))).map {
        ($0 - $1) / (2 * h)
      }
    }
    let (z, along) = (p.plain.outputs(p.wide), tangent(p.direction(nil)))
    expect(
      p.probes.map { p.along($0.u, product) },
      p.probes.map { family.curvature(z, tangent($0.u), along) }, p.probes.map(\.name),
      within: 5e-5)
  }

  @Test(
    "of a selection, products are those of its own block and 0 elsewhere",
    arguments: FamilyCase.all)
  func selection(_ family: FamilyCase) throws {
    let buffers = Set(family.network.buffers.map(\.name))
    let names = family.network.parameters.map(\.name).enumerated().filter {
      $0.offset % 3 == 1 && !buffers.contains($0.element)
    }
    let chosen = try family.network.selecting(LayerPatterns(names.map(\.element)), place: "test")
    let p = Problem(family, trains: true, selected: chosen.selection)
    let v = p.direction(chosen.selection)
    let slopes = p.slopes(v)
    for matrix in Network.CurvatureMatrix.allCases {
      let found = try p.curvature(chosen, matrix)
      for parameter in family.network.parameters where !chosen.selection.selects(parameter) {
        #expect(
          found.product.elements[parameter.range].allSatisfy { $0 == 0 }, "\(parameter.name)")
      }
      if matrix == .hessian {
        expect(
          p.probes.map { p.along($0.u, found.product) }, p.probes.map { p.bend($0.u, v) },
          p.probes.map(\.name), within: 1e-4)
      }
      #expect(relativeDifference(found.exampleDerivatives, slopes) < 5e-5)
    }
    // What is outside the selection has no say.
    let masked = Tensor(v.map { Float($0) }, shape: p.theta.shape)
    let again = try chosen.curvature(
      family.inputs, family.targets, parameters: p.theta, loss: family.loss, along: masked,
      dropout: p.draws)
    #expect(again.product == (try p.curvature(chosen)).product)
  }

  @Test(
    "adjoints of running statistics pull at the parameters and go on to the statistics before",
    arguments: FamilyCase.withStatistics, Network.CurvatureMatrix.allCases)
  func statistics(_ family: FamilyCase, matrix: Network.CurvatureMatrix) throws {
    let p = Problem(family, trains: true)
    let adjoints = Dictionary(
      uniqueKeysWithValues: family.network.buffers.map {
        ($0.offset, gaussian($0.shape, seed: 5, index: UInt64($0.offset), scale: 20))
      })
    let (with, without) = (
      try p.curvature(nil, matrix, statistics: adjoints), try p.curvature(nil, matrix)
    )
    func pulled(_ at: [Double]) -> Double {
      _ = p.plain.outputs(at)
      return adjoints.reduce(0) { sum, adjoint in
        let moved = p.plain.statistics[adjoint.key] ?? []
        return sum + zip(adjoint.value.elements, moved).reduce(0) { $0 + Double($1.0) * $1.1 }
      }
    }
    expect(
      p.probes.map { p.along($0.u, with.product) - p.along($0.u, without.product) },
      p.probes.map { p.slope($0.u, pulled) }, p.probes.map(\.name), within: 2e-5)
    for (offset, adjoint) in adjoints {
      let before = adjoint.elements.indices.map { c in
        var u = [Double](repeating: 0, count: p.theta.count)
        u[offset + c] = 1
        return p.slope(u, pulled)
      }
      #expect(relativeDifference(with.statistics[offset]?.elements ?? [], before) < 1e-6)
    }
    // An evaluation leaves the statistics as they are.
    let evaluated = try family.network.curvature(
      family.inputs, family.targets, parameters: p.theta, loss: family.loss, along: p.v,
      statistics: adjoints)
    #expect(evaluated.statistics == adjoints)
  }

  @Test("frozen statistics pass their adjoints on and pull at nothing")
  func frozenStatistics() throws {
    let family = try #require(FamilyCase.withStatistics.first)
    let network = try family.network.freezing(LayerPatterns(["1"]), place: "test")
    #expect(network.frozenBuffers.count == 2)
    let p = Problem(family, trains: true)
    let adjoints = Dictionary(
      uniqueKeysWithValues: network.frozenBuffers.map {
        ($0.offset, gaussian($0.shape, seed: 5, index: UInt64($0.offset)))
      })
    let with = try p.curvature(network, statistics: adjoints)
    #expect(with.product == (try p.curvature(network)).product)
    #expect(with.statistics == adjoints)
  }

  @Test(
    "an evaluation's gradient by the running statistics is differences",
    arguments: FamilyCase.withStatistics)
  func gradientByStatistics(_ family: FamilyCase) throws {
    let p = Problem(family, trains: false)
    let gradient = try family.network.lossGradient(
      family.inputs, family.targets, parameters: p.theta, loss: family.loss)
    #expect(gradient.statistics.count == family.network.buffers.count)
    for buffer in family.network.buffers {
      let slopes = buffer.range.map { i in
        var u = [Double](repeating: 0, count: p.theta.count)
        u[i] = 1
        return p.slope(u, p.total)
      }
      let found = gradient.statistics[buffer.offset]?.elements ?? []
      #expect(relativeDifference(found, slopes) < 1e-4, "\(buffer.name)")
      #expect(gradient.parameters.elements[buffer.range].allSatisfy { $0 == 0 })
    }
    let training = try family.network.lossGradient(
      family.inputs, family.targets, parameters: p.theta, loss: family.loss,
      dropout: FamilyCase.draws)
    #expect(training.statistics.isEmpty)
  }

  @Test("same bits for one worker and for three", arguments: FamilyCase.all)
  func workers(_ family: FamilyCase) throws {
    let p = Problem(family, trains: true)
    func all() throws -> [[Float]] {
      try Network.CurvatureMatrix.allCases.map {
        let found = try p.curvature(nil, $0)
        return found.product.elements + found.exampleDerivatives.map { Float($0) }
      }
    }
    #expect(try Execution.with(workers: 1, all) == Execution.with(workers: 3, all))
  }
}
