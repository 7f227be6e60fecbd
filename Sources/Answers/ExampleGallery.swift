import Datasets
import Foundation
import Influence
import Reports
import Tensors
import Models
import Runs
import Training

/// Shows examples as pictures where their shape allows, else as values.
struct ExampleGallery {
  let data: Dataset
  private let normalisation: Normalisation
  private let range: ClosedRange<Float>

  /// Pictures have the colours they had before standardisation, by the run's own numbers.
  init(_ data: Dataset, _ normalisation: Normalisation) {
    self.data = data
    self.normalisation = normalisation
    if normalisation.scale != nil {
      range = 0...1
      return
    }
    let values = normalisation.unstandardised(data.inputs).elements
    let low = values.min() ?? 0
    let high = values.max() ?? 1
    range = low...max(high, low.nextUp)
  }

  func view(_ row: Int) -> ExampleView {
    if let text = TokenText.text(of: row, in: data) { return .text(text) }
    let image = try? ExampleImage(
      row: 0, of: normalisation.unstandardised(data.inputs.gathered([row])), range: range,
      flat: .isSquareImage)
    if let image { return .image(image) }
    let width = data.featureCount
    return .features((0..<width).map { data.inputs[row * width + $0] })
  }
}
