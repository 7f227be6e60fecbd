// Letters: C channels of a stream, I inputs of a layer that reads them.
import Factors
import Networks

/// Channels (or neurons) from the layers that make them to those that read them.
///
/// A residual sum joins the streams that it adds: channel c of one is channel c of the other.
struct ChannelStream {
  /// C.
  let width: Int
  /// The points at which its channels can be taken away, in the order of a forward pass.
  var points: [ComponentGroup] = []
  /// What makes the channels: rows of each are channels.
  var makers: [AffineLayer] = []
  /// What reads them: columns of each belong to channels, I/C to each, side by side.
  var readers: [AffineLayer] = []
  /// Batch norms on the way.
  var norms: [BatchNorm2D] = []
  /// Why none of its channels can be cut out; nil: nothing stands against it.
  var obstacle: String?

  /// The values of channels in every parameter that has some.
  ///
  /// - Parameter channels: C of them, or fewer.
  func parts(of channels: [Int]) -> [ParameterPart] {
    var parts: [ParameterPart] = []
    for channel in channels {
      let rows = channel..<channel + 1
      for maker in makers { parts += maker.making(rows) }
      for reader in readers {
        let pixels = reader.inputs / width
        parts += reader.reading(channel * pixels..<(channel + 1) * pixels)
      }
      for norm in norms { parts += norm.parameters.map { ParameterPart($0, rows: rows) } }
    }
    return parts
  }
}

extension ChannelStream {
  /// The streams of a network in the order of a forward pass.
  static func all(of network: Network) -> [ChannelStream] {
    var walk = StreamWalk(inputs: network.inputShape.reduce(1, *))
    let last = walk.visit([network.root], from: 0)
    walk.streams[last].block("they are the network’s outputs")
    return walk.streams.indices.filter { walk.joined[$0] == $0 }.map { walk.streams[$0] }
  }

  fileprivate mutating func block(_ reason: String) { obstacle = obstacle ?? reason }
}

/// Goes through a network and gathers its streams.
private struct StreamWalk {
  var streams: [ChannelStream]
  /// The stream that each has become part of; its own number while it has not.
  var joined: [Int]

  init(inputs: Int) {
    var first = ChannelStream(width: inputs)
    first.block("they are the network’s inputs")
    (streams, joined) = ([first], [0])
  }

  /// - Parameter start: the stream that comes in.
  /// - Returns: the one that goes out.
  mutating func visit(_ layers: [any Layer], from start: Int) -> Int {
    var current = start
    for layer in layers {
      switch layer {
      case let sequence as Sequential: current = visit(sequence.layers, from: current)
      case let residual as Residual:
        let through = visit(residual.body.layers, from: current)
        let around = visit(residual.shortcut?.layers ?? [], from: current)
        current = join(through, around)
      case let norm as BatchNorm2D: streams[current].norms.append(norm)
      case is GroupNorm, is LayerNorm:
        streams[current].block("a norm takes its statistics over several of them")
      case let point as AblationPoint:
        streams[current].points += point.components.filter { !$0.kind.isWhole }
      case is Activation, is Dropout, is MaxPool2D, is AveragePool2D, is FlattenImage, is Flatten,
        is ChannelsLast, is Scale:
        continue
      default: current = next(layer, from: current)
      }
    }
    return current
  }

  /// Behind a layer with outputs of its own.
  private mutating func next(_ layer: any Layer, from current: Int) -> Int {
    guard let affine = AffineLayer(layer) else {
      streams[current].block("\(type(of: layer)) reads them")
      return add(ChannelStream(width: 1), "\(type(of: layer)) makes them")
    }
    streams[current].readers.append(affine)
    var made = ChannelStream(width: affine.outputs)
    made.makers = [affine]
    switch affine {
    case .lowRank:
      streams[current].block("an adapter reads them")
      return add(made, "an adapter makes them")
    case .convolution(let convolution) where convolution.groups > 1:
      streams[current].block("a convolution in groups reads them")
      return add(made, "a convolution in groups makes them")
    default: return add(made, nil)
    }
  }

  private mutating func add(_ stream: ChannelStream, _ obstacle: String?) -> Int {
    streams.append(stream)
    joined.append(streams.count - 1)
    if let obstacle { streams[streams.count - 1].block(obstacle) }
    return streams.count - 1
  }

  /// Makes two streams one.
  private mutating func join(_ a: Int, _ b: Int) -> Int {
    let (first, second) = (min(a, b), max(a, b))
    guard first != second else { return first }
    streams[first].points += streams[second].points
    streams[first].makers += streams[second].makers
    streams[first].readers += streams[second].readers
    streams[first].norms += streams[second].norms
    if let obstacle = streams[second].obstacle { streams[first].block(obstacle) }
    joined[second] = first
    return first
  }
}
