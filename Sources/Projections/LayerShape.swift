import Factors

/// The gradient of one weight as projectors see it: O × I coordinates, the bias's column last.
public struct LayerShape: Codable, Sendable, Hashable, CustomStringConvertible {
  /// The weight's name, such as `0.weight`.
  public let name: String
  /// Width O of the output gradients.
  public let outputs: Int
  /// Width I of the inputs, 1 more when there is a bias.
  public let inputs: Int

  /// A layer of O × I coordinates.
  public init(name: String, outputs: Int, inputs: Int) {
    precondition(outputs > 0 && inputs > 0, "layer \(name) of \(outputs) × \(inputs)")
    self.name = name
    self.outputs = outputs
    self.inputs = inputs
  }

  /// O · I.
  public var coordinateCount: Int { outputs * inputs }

  /// Name and size: `0.weight:128x785`.
  ///
  /// Bytes of the name other than ASCII letters, digits, `.`, `_`, `-` and `/` stand as `%` and two
  /// hexadecimal digits.
  public var description: String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/".utf8)
    var text = ""
    for byte in name.utf8 {
      if plain.contains(byte) {
        text.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        text += byte < 16 ? "%0" : "%"
        text += String(byte, radix: 16)
      }
    }
    return "\(text):\(outputs)x\(inputs)"
  }
}

extension ExampleGradients {
  /// The shapes of the layers, in the order of the blocks: what a projector is made for.
  public var layerShapes: [LayerShape] {
    blocks.map {
      LayerShape(name: $0.weight.name, outputs: $0.leftWidth, inputs: $0.rightWidth)
    }
  }

  /// Throws when the layers are not those of a projector.
  func requireShapes(_ expected: [LayerShape]) throws(ProjectionError) {
    let found = layerShapes
    for index in 0..<max(expected.count, found.count) {
      let (a, b) = (
        index < expected.count ? expected[index] : nil, index < found.count ? found[index] : nil
      )
      if a != b { throw .shapeMismatch(layer: index, expected: a, found: b) }
    }
  }
}
