import Tensors

/// Makes examples from arrays of inputs, labels and, perhaps, ids.
extension RawExamples {
  /// - Parameters:
  ///   - inputs: n × …, at least two dimensions.
  ///   - labels: n numbers, or n × outputs when they are to be predicted as numbers.
  ///   - ids: n whole numbers.
  init(
    inputs: NumericArray, labels: NumericArray, ids: NumericArray?, isRegression: Bool
  ) throws(DatasetError) {
    guard inputs.shape.count >= 2, inputs.count > 0 else {
      if inputs.shape.first == 0 { throw .noExamples(file: inputs.file) }
      throw .wrongShape(
        file: inputs.file, place: inputs.place(), shape: inputs.shape,
        expected: "examples × features")
    }
    let n = inputs.shape[0]
    let isFlat = labels.shape.count == 1 || (labels.shape.count == 2 && labels.shape[1] == 1)
    guard isFlat || (isRegression && labels.shape.count == 2 && labels.shape[1] > 0) else {
      throw .wrongShape(
        file: labels.file, place: labels.place(), shape: labels.shape,
        expected: isRegression ? "examples × outputs" : "one class an example")
    }
    guard labels.shape[0] == n else {
      throw .countMismatch(
        file: labels.file, what: "labels", found: labels.shape[0], expected: n)
    }
    // One array's bytes are enough to be kept for places.
    let place = labels.place()
    let outputs = isFlat ? 1 : labels.shape[1]
    self.init(
      file: labels.file, ids: try ids.map { array throws(DatasetError) in
        try Self.ids(array, count: n)
      },
      inputs: try inputs.tensor(),
      labels: .numbers(
        labels.numbers(), outputs: outputs,
        places: { row in
          if case .array(let name, _) = place { .array(name, .row(row)) } else { .row(row) }
        }),
      areByteImages: false)
  }

  private static func ids(_ array: NumericArray, count: Int) throws(DatasetError) -> [ExampleID] {
    guard array.shape == [count] || array.shape == [count, 1] else {
      throw .countMismatch(
        file: array.file, what: "ids", found: array.shape.first ?? 0, expected: count)
    }
    var ids: [ExampleID] = []
    for (row, number) in array.numbers().enumerated() {
      guard let whole = Int(exactly: number), abs(number) <= 0x1p53 else {
        throw .notANumber(file: array.file, place: array.place(row), text: "\(number)")
      }
      ids.append(ExampleID(String(whole)))
    }
    return ids
  }
}
