import Tensors

/// An array of a file, of any format, before it becomes inputs, labels or ids.
protocol ExampleArray {
  var file: String { get }
  var shape: [Int] { get }
  /// Whether its elements are text.
  var isText: Bool { get }
  /// Whether its elements are bytes, 0 to 255, as in pictures.
  var isBytes: Bool { get }
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
  var isText: Bool { [.unicode, .latin].contains(format.kind) }
  var isBytes: Bool { format.kind == .unsigned && format.size == 1 }

  func texts() throws(DatasetError) -> [String] {
    isText ? try strings() : try wholeNumbers(numbers(), of: self)
  }
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
  ///   - labels: n numbers or words, n rows with a single 1 each, or n × outputs when they are to be
  ///     predicted as numbers.
  ///   - ids: n whole numbers or words.
  ///   - layout: of pictures; nil: seen from the shape.
  init(
    inputs: some ExampleArray, labels: some ExampleArray, ids: (any ExampleArray)?,
    isRegression: Bool, layout: ImageLayout?
  ) throws {
    guard inputs.shape.count >= 2, Tensor.count(inputs.shape) > 0 else {
      if inputs.shape.first == 0 { throw DatasetError.noExamples(file: inputs.file) }
      throw DatasetError.wrongShape(
        file: inputs.file, place: inputs.place(nil), shape: inputs.shape,
        expected: "examples × features")
    }
    let n = inputs.shape[0]
    var reading = SourceReading()
    let read = try RawLabels(of: n, array: labels, isRegression: isRegression, &reading)
    if let ids, ids.shape != [n] {
      throw DatasetError.countMismatch(
        file: ids.file, what: "ids", found: ids.shape.first ?? 0, expected: n)
    }
    let tensor = try inputs.tensor()
    let isChannelsLast = try ImageLayout.isChannelsLast(inputs, layout, &reading)
    self.init(
      file: inputs.file, labelFile: labels.file, ids: try ids?.exampleIDs(),
      inputs: isChannelsLast ? tensor.channelsFirst() : tensor, labels: read)
    areByteImages = inputs.isBytes && inputs.shape.count > 2
    if inputs.isBytes, inputs.shape.count == 2, tensor.elements.contains(where: { $0 > 1 }) {
      reading.notes.append("inputs are bytes and not scaled; for pictures set `scale: [0, 255]`")
    }
    reading.inputs =
      self.inputs.shape.dropFirst().map(String.init).joined(separator: " × ")
      + (inputs.isBytes ? " bytes each" : " numbers each")
      + (isChannelsLast ? ", channels first" : "")
    self.reading = reading
  }
}

extension RawLabels {
  /// The labels of n examples.
  ///
  /// - Parameter reading: where is said how they were read.
  fileprivate init(
    of n: Int, array labels: some ExampleArray, isRegression: Bool, _ reading: inout SourceReading
  ) throws {
    let isFlat = labels.shape.count == 1 || (labels.shape.count == 2 && labels.shape[1] == 1)
    guard labels.shape.count == 2 ? labels.shape[1] > 0 : isFlat else {
      throw DatasetError.wrongShape(
        file: labels.file, place: labels.place(nil), shape: labels.shape,
        expected: isRegression ? "examples × outputs" : "one class an example")
    }
    guard labels.shape[0] == n else {
      throw DatasetError.countMismatch(
        file: labels.file, what: "labels", found: labels.shape[0], expected: n)
    }
    if labels.isText, isFlat, !isRegression {
      self = .words(try labels.texts(), places: labels.rowPlaces)
      return
    }
    var numbers = try labels.numbers()
    let outputs = isFlat ? 1 : labels.shape[1]
    if !isFlat, !isRegression {
      numbers = try RawLabels.classes(of: numbers, outputs, labels)
      reading.labels = "the column of the 1 in rows of \(outputs)"
    }
    self = .numbers(
      numbers, outputs: isRegression ? outputs : 1, places: labels.rowPlaces)
  }

  /// The place of the single 1 of each row.
  ///
  /// - Throws: `DatasetError.notOneHot` for the first row that has another form.
  private static func classes(
    of numbers: [Double], _ width: Int, _ labels: some ExampleArray
  ) throws(DatasetError) -> [Double] {
    var classes: [Double] = []
    for row in 0..<numbers.count / width {
      let values = numbers[row * width..<(row + 1) * width]
      let ones = values.indices.filter { values[$0] == 1 }
      guard ones.count == 1, values.allSatisfy({ $0 == 0 || $0 == 1 }) else {
        throw .notOneHot(
          file: labels.file, place: labels.place(row * width), ones: ones.count, width: width)
      }
      classes.append(Double(ones[0] - values.startIndex))
    }
    return classes
  }
}
