/// The shape of one example's channels × height × width values inside a network.
///
/// Data and weights have PyTorch's order, channels first. Between layers the channels come last,
/// B × H × W × C: a pixel's channels are one row, as a token's features are, so that products,
/// factors and ablation points see B · H · W rows of C.
public struct ImageShape: Sendable, Hashable, CustomStringConvertible {
  /// Channels C.
  public var channels: Int
  /// Rows of pixels H.
  public var height: Int
  /// Pixels in a row W.
  public var width: Int

  /// C × H × W.
  public init(channels: Int, height: Int, width: Int) {
    (self.channels, self.height, self.width) = (channels, height, width)
  }

  /// The shape of data examples: H × W (one channel) or C × H × W; nil for anything else.
  public init?(inputShape: [Int]) {
    switch inputShape.count {
    case 2: self.init(channels: 1, height: inputShape[0], width: inputShape[1])
    case 3: self.init(channels: inputShape[0], height: inputShape[1], width: inputShape[2])
    default: return nil
    }
  }

  /// Pixels H · W.
  public var positions: Int { height * width }
  /// Values C · H · W.
  public var count: Int { channels * positions }
  /// C × H × W in words.
  public var description: String { "\(channels) × \(height) × \(width)" }

  /// The shape of a batch inside the network.
  func batch(_ count: Int) -> [Int] { [count, height, width, channels] }
}
