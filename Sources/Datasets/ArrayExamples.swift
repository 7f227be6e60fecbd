import Tensors

/// An array of a file, of any format, before it becomes inputs, labels or ids.
protocol ExampleArray {
  var file: String { get }
  var shape: [Int] { get }
  /// The place of an element, by row-major position, or of the array.
  func place(_ flat: Int?) -> DataPlace
  /// The numbers in row-major order as Float32, all finite.
  func tensor() throws -> Tensor
  /// The numbers in row-major order.
  func numbers() throws -> [Double]
  /// The elements as text: names where they are text, else their whole numbers.
  func texts() throws -> [String]
}

extension ExampleArray {
  /// The place of each of its rows, in the array's name where it has one.
  var rowPlaces: @Sendable (Int) -> DataPlace {
    let name: String? = if case .array(let name, _) = place(nil) { name } else { nil }
    return { row in name.map { .array($0, .row(row)) } ?? .row(row) }
  }

  /// The elements as ids.
  func exampleIDs() throws -> [ExampleID] { try texts().map { ExampleID($0) } }
}

extension NumericArray: ExampleArray {
  func texts() throws(DatasetError) -> [String] { try wholeNumbers(numbers(), of: self) }
}

/// Whole numbers as text, for ids.
func wholeNumbers(
  _ numbers: [Double], of array: some ExampleArray
) throws(DatasetError) -> [String] {
  var texts: [String] = []
  for (row, number) in numbers.enumerated() {
    guard let whole = Int(exactly: number), abs(number) <= 0x1p53 else {
      throw .notANumber(file: array.file, place: array.place(row), text: "\(number)")
    }
    texts.append(String(whole))
  }
  return texts
}

/// Makes examples from arrays of inputs, labels and, perhaps, ids.
extension RawExamples {
  /// - Parameters:
  ///   - inputs: n × …, at least two dimensions.
  ///   - labels: n numbers, or n × outputs when they are to be predicted as numbers.
  ///   - ids: n whole numbers.
  init(
    inputs: some ExampleArray, labels: some ExampleArray, ids: (any ExampleArray)?,
    isRegression: Bool
  ) throws {
    guard inputs.shape.count >= 2, Tensor.count(inputs.shape) > 0 else {
      if inputs.shape.first == 0 { throw DatasetError.noExamples(file: inputs.file) }
      throw DatasetError.wrongShape(
        file: inputs.file, place: inputs.place(nil), shape: inputs.shape,
        expected: "examples × features")
    }
    let n = inputs.shape[0]
    let isFlat = labels.shape.count == 1 || (labels.shape.count == 2 && labels.shape[1] == 1)
    guard isFlat || (isRegression && labels.shape.count == 2 && labels.shape[1] > 0) else {
      throw DatasetError.wrongShape(
        file: labels.file, place: labels.place(nil), shape: labels.shape,
        expected: isRegression ? "examples × outputs" : "one class an example")
    }
    guard labels.shape[0] == n else {
      throw DatasetError.countMismatch(
        file: labels.file, what: "labels", found: labels.shape[0], expected: n)
    }
    if let ids, ids.shape != [n] {
      throw DatasetError.countMismatch(
        file: ids.file, what: "ids", found: ids.shape.first ?? 0, expected: n)
    }
    self.init(
      file: inputs.file, labelFile: labels.file, ids: try ids?.exampleIDs(),
      inputs: try inputs.tensor(),
      labels: .numbers(
        try labels.numbers(), outputs: isFlat ? 1 : labels.shape[1],
        places: labels.rowPlaces))
  }
}
