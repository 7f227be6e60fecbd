import Tensors

extension OutputFunction {
  /// −∂ℓ/∂f of every example at the given outputs: what is left to learn, in units of ℓ by f.
  ///
  /// - Returns: 1 − p_y for margin, hardMargin and logit, of a sequence its mean over the targets;
  ///   t − z for a prediction; 1 where f = −ℓ.
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
    case (.margin, .tokens), (.hardMargin, .tokens), (.logit, .tokens):
      return wrongProbabilities(outputs.softmax(), targets)
    case (.prediction, .values(let values)):
      return (values - outputs.reshaped(values.shape)).elements
    default:
      return [Float](repeating: 1, count: targets.count)
    }
  }

  /// Mean over each sequence's targets of 1 − p, each as the sum of the others.
  private func wrongProbabilities(_ p: Tensor, _ targets: TargetValues) -> [Float] {
    let (width, places) = (p.rowLength, targets.rowsOfExample)
    return (0..<targets.count).map { example in
      var (sum, count) = (0.0, 0)
      for row in example * places..<(example + 1) * places {
        guard let y = targets.trueClass(row: row) else { continue }
        let start = p.storage.base + row * width
        for k in 0..<width where k != y { sum += Double(start[k]) }
        count += 1
      }
      return Float(sum / Double(max(1, count)))
    }
  }
}
