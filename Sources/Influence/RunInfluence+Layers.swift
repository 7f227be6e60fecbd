import Foundation
import Gradients
import Networks
import Storage
import Training

/// How selected layers are called.
enum LayersName {
  /// Their text at a moderate length, different for different ones; nil for all.
  static func short(_ selectionText: String?) -> String? {
    guard let text = selectionText else { return nil }
    if text.utf8.count <= 120 { return text.replacingOccurrences(of: " ", with: ", ") }
    let paths = text.split(separator: " ")
    return paths.prefix(2).joined(separator: ", ")
      + ", … (\(paths.count) in all, \(SHA256.digest(of: text).description.prefix(8)))"
  }
}

extension Network {
  /// The selected parameters as text of a moderate length, different for different ones; nil for all.
  public var layersName: String? { LayersName.short(selectionText) }
}

extension GradientProvider {
  /// How a kernel of the selected parameters is called.
  func kernelName(_ name: String) -> String {
    LayersName.short(selectionText).map { "\(name) of \($0)" } ?? name
  }
}

extension RunInfluence {
  /// The layers that scores are over, in a sentence; nil for all.
  public var layersSentence: String? {
    guard let name = LayersName.short(selectionText) else { return nil }
    let (chosen, all) =
      factors.map { ($0.selectedCount, $0.parameterCount) }
      ?? ((try? network).map { ($0.selectedCount, $0.parameterCount) } ?? (0, 0))
    return "gradients by \(chosen) of \(all) parameters: \(name)"
  }
}
