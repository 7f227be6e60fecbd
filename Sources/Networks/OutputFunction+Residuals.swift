import Tensors

extension OutputFunction {
  /// −∂ℓ/∂f of every example at the given outputs: what is left to learn, in units of ℓ by f.
  ///
  /// - Returns: 1 − p_y for margin, hardMargin and logit; t − z for a prediction; 1 where f = −ℓ.
  public func residuals(_ outputs: Tensor, _ targets: TargetValues) -> [Float] {
    switch (self, targets) {
    case (.margin, .classes(let classes)), (.hardMargin, .classes(let classes)),
      (.logit, .classes(let classes)):
      let p = outputs.softmax()
      let width = p.rowLength
      // 1 − p_y as the sum of the others: exact where p_y rounds to 1.
      return classes.enumerated().map { row, y in
        (0..<width).reduce(Float(0)) {
          $1 == Int(y) ? $0 : $0 + p.storage.base[row * width + $1]
        }
      }
    case (.prediction, .values(let values)):
      return (values - outputs.reshaped(values.shape)).elements
    default:
      return [Float](repeating: 1, count: targets.count)
    }
  }
}
