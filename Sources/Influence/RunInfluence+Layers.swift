import Foundation
import Networks
import Storage
import Training

extension Network {
  /// The selected parameters as text of a moderate length, different for different ones; nil for all.
  public var layersName: String? {
    guard let text = selectionText else { return nil }
    if text.utf8.count <= 120 { return text.replacingOccurrences(of: " ", with: ", ") }
    let paths = text.split(separator: " ")
    return paths.prefix(2).joined(separator: ", ")
      + ", … (\(paths.count) in all, \(SHA256.digest(of: text).description.prefix(8)))"
  }

  /// How a kernel of the selected parameters is called.
  func kernelName(_ name: String) -> String { layersName.map { "\(name) of \($0)" } ?? name }
}

extension RunInfluence {
  /// The layers that scores are over, in a sentence; nil for all.
  public var layersSentence: String? {
    network.layersName.map {
      "gradients by \(network.selectedCount) of \(network.parameterCount) parameters: \($0)"
    }
  }
}
