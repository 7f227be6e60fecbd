import Tensors

extension TokenReader {
  /// Reads a text, or an array of tokens, from outside as the run's own: in passages of `length`
  /// tokens, the last one padded.
  ///
  /// - Parameter vocabulary: the number of tokens that the run knows.
  func read(input: String, length: Int, vocabulary: Int?) throws -> RawInput {
    guard case .text(let unit, let own) = form else {
      let start = try FileStart(input)
      guard start.kind == .npy else { throw start.isNot("npy") }
      return try array(NPYReader(file: input).read(), length, vocabulary)
    }
    var reader = self
    reader.file = input
    let (examples, leftOut) = try reader.passages(unit, own)
    var remarks = examples.inputs.paddingRemarks
    if examples.count > 1 { remarks.insert("cut into passages of \(length) tokens", at: 0) }
    if leftOut > 0 {
      remarks.append("its last token is left out: a passage of one predicts nothing")
    }
    return RawInput(examples: examples, remarks: remarks)
  }

  /// n × T tokens, or one sequence of T, each padded to `length`.
  private func array(
    _ found: NumericArray, _ length: Int, _ vocabulary: Int?
  ) throws -> RawInput {
    var array = found
    if array.shape.count == 1 { array.shape = [1] + array.shape }
    guard array.shape.count == 2, array.shape[1] <= length else {
      throw DatasetError.wrongShape(
        file: array.file, place: .file, shape: found.shape,
        expected: "n sequences, or one, of at most \(length) tokens as in training")
    }
    var examples = try examples(of: array, vocabulary)
    examples.inputs = examples.inputs.padded(to: length)
    return RawInput(examples: examples, remarks: examples.inputs.paddingRemarks)
  }
}

extension Tensor {
  /// Sequences n × T with −1 behind them, n × `length`.
  fileprivate func padded(to length: Int) -> Tensor {
    let width = rowLength
    if width == length { return self }
    let result = Tensor(repeating: -1, shape: [shape[0], length])
    for row in 0..<shape[0] {
      (result.storage.base + row * length).update(from: storage.base + row * width, count: width)
    }
    return result
  }

  /// How much of some sequences is padding; nothing where there is none.
  var paddingRemarks: [String] {
    let padding = (0..<count).count { self[$0] < 0 }
    return padding == 0 ? [] : ["\(padding) of \(count) tokens are padding"]
  }
}
