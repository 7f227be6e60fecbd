import Factors
import Networks

/// Whose each parameter is: a layer's, and at most one component's.
///
/// The parts of a score are taken by cells, each what a layer and a component have in common (a
/// head's rows of q, k, v and its columns of the output are two layers'); layers and components are
/// sums of cells.
public struct ParameterParts: Sendable {
  /// Rows or columns of a parameter that a component owns.
  public struct Piece: Sendable {
    let parameter: Parameter
    let axis: GradientPartition.Axis
    let lines: Range<Int>

    /// Some rows of a parameter (its first axis), or some columns (all other axes together).
    public init(_ parameter: Parameter, along axis: GradientPartition.Axis, lines: Range<Int>) {
      (self.parameter, self.axis, self.lines) = (parameter, axis, lines)
    }
  }

  /// Names of the layers that have parameters, in order.
  public let layers: [String]
  /// Names of the components that own some, in order.
  public let components: [String]
  /// The parameters cut into cells.
  public let partition: GradientPartition
  private let cells: [Cell]

  private struct Cell: Hashable {
    let layer: Int
    let component: Int?
  }

  /// A score by layer and by component.
  public struct Sums: Sendable, Equatable {
    /// What each layer adds; they sum to the score, but for rounding.
    public let layers: [Double]
    /// What each component adds.
    public let components: [Double]
    /// What parameters of no component add: with the components it sums to the score.
    public let rest: Double
  }

  /// The map of some layers and components.
  ///
  /// - Parameters:
  ///   - layers: each with its parameters, as far as scores are over them.
  ///   - owners: components; what they own of other parameters is passed over, and so is a component
  ///     that owns nothing else.
  /// - Throws: `InfluenceError.notDefined` for components that share a weight.
  public init(
    layers: [(name: String, parameters: [Parameter])],
    owners: [(name: String, pieces: [Piece])] = []
  ) throws(InfluenceError) {
    let parameters = layers.flatMap(\.parameters)
    var owned = Owned(parameters)
    var components: [String] = []
    for owner in owners {
      let pieces = owner.pieces.filter { owned.knows($0.parameter) }
      if pieces.isEmpty { continue }
      for piece in pieces {
        guard let other = owned.claim(piece, for: components.count) else { continue }
        throw .notDefined(
          name: "a score by component",
          reason: "\(components[other]) and \(owner.name) share weights, which would count twice",
          option: "‹byComponent›")
      }
      components.append(owner.name)
    }
    var places: [Cell: Int] = [:]
    var cells: [Cell] = []
    func place(_ cell: Cell) -> Int {
      if let known = places[cell] { return known }
      places[cell] = cells.count
      cells.append(cell)
      return cells.count - 1
    }
    var cuts: [GradientPartition.Cut] = []
    for (index, layer) in layers.enumerated() {
      for parameter in layer.parameters {
        let lines = owned[parameter]
        cuts.append(
          GradientPartition.Cut(
            parameter, along: lines.axis,
            parts: lines.owners.map { place(Cell(layer: index, component: $0)) }))
      }
    }
    self.layers = layers.map(\.name)
    (self.components, self.cells) = (components, cells)
    partition = GradientPartition(count: cells.count, cuts)
  }

  /// The parts of a score by cells, put together.
  public func sums(of parts: [Double]) -> Sums {
    precondition(parts.count == cells.count, "\(parts.count) parts of \(cells.count) cells")
    var byLayer = [Double](repeating: 0, count: layers.count)
    var byComponent = [Double](repeating: 0, count: components.count)
    var rest = 0.0
    for (cell, part) in zip(cells, parts) {
      byLayer[cell.layer] += part
      if let component = cell.component { byComponent[component] += part } else { rest += part }
    }
    return Sums(layers: byLayer, components: byComponent, rest: rest)
  }
}

/// Which component owns each row or column of some parameters.
private struct Owned {
  private var lines: [Int: (axis: GradientPartition.Axis, owners: [Int?])] = [:]

  /// Nobody owns anything.
  init(_ parameters: [Parameter]) {
    for parameter in parameters {
      lines[parameter.offset] = (
        .rows, [Int?](repeating: nil, count: parameter.shape.first ?? 1)
      )
    }
  }

  func knows(_ parameter: Parameter) -> Bool { lines[parameter.offset] != nil }

  /// The owners of a parameter's lines.
  subscript(parameter: Parameter) -> (axis: GradientPartition.Axis, owners: [Int?]) {
    lines[parameter.offset] ?? (.rows, [])
  }

  /// Gives a component some lines; the component that has one of them already, if any.
  mutating func claim(_ piece: ParameterParts.Piece, for component: Int) -> Int? {
    let parameter = piece.parameter
    guard var own = lines[parameter.offset] else { return nil }
    if own.axis != piece.axis {
      if let other = own.owners.lazy.compactMap({ $0 }).first(where: { $0 != component }) {
        return other
      }
      let rows = Swift.max(1, parameter.shape.first ?? 1)
      own = (
        piece.axis,
        [Int?](repeating: nil, count: piece.axis == .rows ? rows : parameter.count / rows)
      )
    }
    for line in piece.lines {
      if let other = own.owners[line], other != component { return other }
      own.owners[line] = component
    }
    lines[parameter.offset] = own
    return nil
  }
}

extension ParameterParts {
  /// Parameters by layer, weight and bias of `h.0.mlp.c_fc` together.
  ///
  /// - Parameter parameters: of a network, in order.
  public static func layers(
    _ parameters: [Parameter]
  ) -> [(name: String, parameters: [Parameter])] {
    var layers: [(name: String, parameters: [Parameter])] = []
    for parameter in parameters {
      let path = parameter.name.split(separator: ".").dropLast().joined(separator: ".")
      let name = path.isEmpty ? parameter.name : path
      if layers.last?.name == name {
        layers[layers.count - 1].parameters.append(parameter)
      } else {
        layers.append((name, [parameter]))
      }
    }
    return layers
  }
}

extension RunInfluence {
  /// The layers that scores are over, each with its parameters.
  public func parameterLayers() throws -> [(name: String, parameters: [Parameter])] {
    if let factors { return factors.parameterLayers }
    let network = try network
    return ParameterParts.layers(network.selection?.parameters ?? network.parameters)
  }
}
