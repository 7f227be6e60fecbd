// Letters: d components, C channels of a stream, p parameters, p′ those that are left.
import Factors
import Networks
import Tensors

/// Which components can be cut out of a network, so that it gets smaller, and the cutting.
///
/// A channel can be cut where every place that it goes through can be taken away: behind a residual
/// sum, it and the one of the same number on the way around go together or not at all. Cut channels
/// take along their rows, biases and batch-norm values and the columns of what reads them. What is
/// left gives the outputs that the whole network has while the components are 0, up to the order of
/// sums.
///
/// - Source: structured pruning; Li et al. 2017 (arXiv:1608.08710) for filters.
public struct ChannelCut: Sendable {
  /// Components that are cut together: one channel.
  public struct Unit: Sendable, Equatable {
    /// Their places in the set of components.
    public let places: [Int]
    /// What they are.
    public let kind: ComponentGroup.Kind
    let stream, channel: Int
  }

  /// A layer none of whose components can be cut.
  public struct Obstacle: Sendable, Codable, Equatable {
    /// The components: `0.filter`.
    public let name: String
    /// Why, in words that follow "they stay: ".
    public let reason: String
  }

  /// What can be cut, in the order of a forward pass.
  public let units: [Unit]
  /// What cannot.
  public let obstacles: [Obstacle]
  private let network: Network
  private let streams: [ChannelStream]

  /// What can be cut of a set's components.
  ///
  /// - Throws: `ComponentError.request` where nothing can.
  public init(_ components: ComponentSet, of network: Network) throws {
    let streams = ChannelStream.all(of: network)
    var places: [Int: [Int: Int]] = [:]
    for (place, component) in components.components.enumerated() {
      places[component.point, default: [:]][component.unit] = place
    }
    var (units, obstacles) = ([Unit](), [Obstacle]())
    for (number, stream) in streams.enumerated() {
      let own = stream.points.filter { places[$0.point] != nil }
      guard let first = own.first else { continue }
      let missing = stream.points.filter { places[$0.point] == nil }
      let reason =
        stream.obstacle
        ?? missing.first.map {
          "\($0.path).\($0.kind.rawValue) carries them on and is not among the components"
        }
        ?? (own.contains { $0.unitWidth != 1 } ? "they are more than one activation each" : nil)
      if let reason {
        obstacles += own.map { Obstacle(name: "\($0.path).\($0.kind.rawValue)", reason: reason) }
        continue
      }
      for channel in 0..<stream.width {
        let together = own.compactMap { places[$0.point]?[channel] }
        guard together.count == own.count else { continue }
        units.append(
          Unit(places: together, kind: first.kind, stream: number, channel: channel))
      }
    }
    guard !units.isEmpty else {
      throw ComponentError.request(
        problem: "none of the components can be cut out"
          + (obstacles.first.map { ": \($0.name) stays, \($0.reason)" } ?? ""),
        field: "‹job: shrink›",
        remedy: "it takes filters and neurons of mlp, cnn, resnet and resnet9 out")
    }
    (self.units, self.obstacles, self.network) = (units, obstacles, network)
    self.streams = streams
  }

  /// Points whose channels go together: lists of two or more names such as `conv1.filter`.
  public var tied: [[String]] {
    Set(units.map(\.stream)).sorted().map { streams[$0].points }.filter { $0.count > 1 }
      .map { $0.map { "\($0.path).\($0.kind.rawValue)" } }
  }

  /// The units that go first, so many of the components of each kind, the least valuable first.
  ///
  /// Of every layer one channel is left.
  ///
  /// - Parameters:
  ///   - values: of each unit; what is least goes first, of equal ones the first.
  ///   - share: of the components of a kind that can be cut, in (0, 1).
  /// - Returns: units in the order in which they go; no more components than the share.
  public func least(_ values: [Double], share: Double) -> [Unit] {
    precondition(values.count == units.count, "\(values.count) of \(units.count)")
    let order = units.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var room = CutRoom(self, share: share)
    var chosen: [Unit] = []
    for kind in ComponentGroup.Kind.allCases {
      for index in order where units[index].kind == kind && room.has(units[index]) {
        room.take(units[index])
        chosen.append(units[index])
      }
    }
    return chosen
  }

  /// Channels of a unit's layer.
  fileprivate func width(of unit: Unit) -> Int { streams[unit.stream].width }

  /// Channels that are left without some units, at every point of filters and neurons in the order
  /// of a forward pass.
  public func widths(without cut: [Unit]) -> [Int] {
    network.components.filter { $0.kind == .filter || $0.kind == .neuron }.map { group in
      let stream = streams.firstIndex { $0.points.contains(group) }
      return group.units - cut.count { $0.stream == stream }
    }
  }

  /// The values that are left of a network's parameters, p′ in the order of the smaller network's.
  ///
  /// - Parameter theta: p values.
  public func parameters(_ theta: Tensor, without cut: [Unit]) -> Tensor {
    precondition(theta.count == network.parameterCount, "\(theta.count)")
    var stays = [Bool](repeating: true, count: theta.count)
    for (stream, own) in Dictionary(grouping: cut, by: \.stream) {
      for part in streams[stream].parts(of: own.map(\.channel)) {
        for place in part.ranges.joined() { stays[place] = false }
      }
    }
    let kept = stays.indices.filter { stays[$0] }
    let result = Tensor(uninitialized: [kept.count])
    // Rows and columns that go leave the others in their order.
    for (to, from) in kept.enumerated() {
      result.storage.base[to] = theta.storage.base[from]
    }
    return result
  }
}

/// What may still be cut: so many components of each kind, and of every layer all channels but one.
struct CutRoom {
  private var components: [ComponentGroup.Kind: Int] = [:]
  private var channels: [Int: Int] = [:]

  /// - Parameter share: of the components of a kind that can be cut.
  init(_ cut: ChannelCut, share: Double) {
    for kind in Set(cut.units.map(\.kind)) {
      let total = cut.units.filter { $0.kind == kind }.reduce(0) { $0 + $1.places.count }
      components[kind] = Int((share * Double(total)).rounded())
    }
    for unit in cut.units { channels[unit.stream] = cut.width(of: unit) }
  }

  /// Whether a unit may go.
  func has(_ unit: ChannelCut.Unit) -> Bool {
    unit.places.count <= components[unit.kind] ?? 0 && channels[unit.stream] ?? 0 > 1
  }

  /// Takes its place away.
  mutating func take(_ unit: ChannelCut.Unit) {
    components[unit.kind, default: 0] -= unit.places.count
    channels[unit.stream, default: 0] -= 1
  }
}
