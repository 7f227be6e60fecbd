import Tensors

/// Reads sequences of tokens whose next token is to be predicted: a text cut into blocks, or an
/// array of token ids.
struct TokenReader: Sendable {
  /// What a token of a text is.
  enum Unit: String, CaseIterable, Sendable {
    /// A Unicode scalar; ids in the order of the scalars that occur.
    case characters
    /// A byte; ids are the bytes.
    case bytes
  }

  enum Form: Sendable {
    /// A UTF-8 text in blocks of `length` tokens, one after the other; what is left at the end is
    /// padded with −1.
    case text(Unit, length: Int)
    /// n × T whole numbers from 0, −1 for padding at the end.
    case array(vocabulary: Int?)
  }

  var file: String
  var form: Form

  func read() throws -> RawExamples {
    switch form {
    case .text(let unit, let length):
      let (ids, vocabulary) = try tokens(unit)
      return try blocks(ids, of: length, vocabulary)
    case .array(let vocabulary): return try array(vocabulary)
    }
  }

  private func tokens(_ unit: Unit) throws -> ([Int], [String]) {
    let bytes = try FileBytes(file).bytes
    if unit == .bytes {
      let names = (0..<256).map { value in
        (32..<127).contains(value) || value == 10
          ? String(UnicodeScalar(UInt8(value))) : "\\x" + String(value, radix: 16)
      }
      return (bytes.map { Int($0) }, names)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw DatasetError.malformed(file: file, place: .file, problem: "it is not UTF-8 text")
    }
    let scalars = Array(text.unicodeScalars)
    let known = Set(scalars).sorted { $0.value < $1.value }
    let index = Dictionary(uniqueKeysWithValues: zip(known, 0...))
    return (scalars.compactMap { index[$0] }, known.map { String(Character($0)) })
  }

  private func blocks(_ ids: [Int], of length: Int, _ vocabulary: [String]) throws -> RawExamples {
    // A block of one token has nothing to predict.
    let count = ids.count / length + (ids.count % length > 1 ? 1 : 0)
    guard count > 0 else { throw DatasetError.noExamples(file: file) }
    let inputs = Tensor(repeating: -1, shape: [count, length])
    for place in 0..<min(ids.count, inputs.count) { inputs.storage.base[place] = Float(ids[place]) }
    return RawExamples(
      file: file, labelFile: file, ids: nil, inputs: inputs, labels: .tokens(vocabulary: vocabulary)
    )
  }

  private func array(_ vocabulary: Int?) throws -> RawExamples {
    let array = try NPYReader(file: file).read()
    guard array.shape.count == 2, array.shape[1] >= 2 else {
      throw DatasetError.wrongShape(
        file: file, place: .file, shape: array.shape, expected: "sequences × at least 2 tokens")
    }
    guard array.shape[0] > 0 else { throw DatasetError.noExamples(file: file) }
    let inputs = try array.tensor()
    let width = array.shape[1]
    let limit = vocabulary ?? 1 << 24
    var largest = 1
    for flat in 0..<inputs.count {
      let value = inputs[flat]
      // Padding goes on to the end, and leaves two tokens.
      let followsPadding = flat % width > 0 && inputs[flat - 1] < 0
      let isPadding = value == -1 && flat % width >= 2
      let isToken = value >= 0 && value < Float(limit) && value == value.rounded()
      guard isPadding || (isToken && !followsPadding) else {
        throw DatasetError.malformed(
          file: file, place: array.place(flat),
          problem: "\(value) is not a token from 0 to \(limit - 1), nor padding (-1) at the end")
      }
      largest = max(largest, Int(value))
    }
    return RawExamples(
      file: file, labelFile: file, ids: nil, inputs: inputs,
      labels: .tokens(vocabulary: (0..<(vocabulary ?? largest + 1)).map(String.init)))
  }
}

extension RawExamples {
  /// The text of each token id; nil when the inputs are not sequences to go on with.
  var vocabulary: [String]? {
    if case .tokens(let vocabulary) = labels { vocabulary } else { nil }
  }

  /// The same sequences with the ids of another vocabulary.
  ///
  /// - Throws: `DatasetError.unknownToken` naming the first token that it does not have.
  func tokens(in wanted: [String]) throws(DatasetError) -> Tensor {
    guard let own = vocabulary, own != wanted else { return inputs }
    let index = Dictionary(zip(wanted, 0...), uniquingKeysWith: { first, _ in first })
    let mapped = own.map { index[$0] }
    let result = Tensor(uninitialized: inputs.shape)
    for flat in 0..<inputs.count {
      let id = Int(inputs.storage.base[flat])
      guard id >= 0 else {
        result.storage.base[flat] = -1
        continue
      }
      guard let new = mapped[id] else {
        throw .unknownToken(
          file: file, place: .row(flat / inputs.rowLength), token: own[id], known: wanted.count)
      }
      result.storage.base[flat] = Float(new)
    }
    return result
  }
}
