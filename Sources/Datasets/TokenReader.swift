import Tensors
import Text

/// Reads sequences of tokens whose next token is to be predicted: a text cut into blocks, or an
/// array of token ids.
struct TokenReader: Sendable {
  enum Form: Sendable {
    /// A UTF-8 text in blocks of `length` tokens, one after the other; what is left at the end is
    /// padded with −1.
    case text(TokenUnit, length: Int)
    /// n × T whole numbers from 0, −1 for padding at the end.
    case array(vocabulary: Int?)
  }

  var file: String
  var form: Form

  func read() throws -> RawExamples {
    switch form {
    case .text(let unit, let length):
      var (examples, leftOut) = try passages(unit, length)
      examples.reading.inputs =
        "one text in passages of \(length) tokens (\(unit.description(examples.tokenizer)))"
      if leftOut > 0 {
        examples.reading.notes.append(
          "\(leftOut) \(leftOut == 1 ? "token" : "tokens") at the end belong to no passage")
      }
      return examples
    case .array(let vocabulary): return try examples(of: NPYReader(file: file).read(), vocabulary)
    }
  }

  /// The passages of the text, and how many of its tokens are in none.
  func passages(
    _ unit: TokenUnit, _ length: Int
  ) throws -> (examples: RawExamples, leftOut: Int) {
    let (tokens, tokenizer) = try tokens(unit)
    let document = TokenDocument(name: "", tokens: tokens, place: .file)
    let rows = try TokenRows.blocks([document], of: length, file: file) { "byte:\($1)" }
    var examples = RawExamples(
      file: file, labelFile: file, ids: rows.ids, inputs: rows.inputs,
      labels: .tokens(vocabulary: tokenizer.vocabulary), tokenizer: tokenizer)
    examples.reading.texts = TextCounts(rows.inputs)
    return (examples, max(0, tokens.count - rows.inputs.count))
  }

  private func tokens(_ unit: TokenUnit) throws -> ([Tokenizer.Token], Tokenizer) {
    let contents = try FileBytes(file)
    // Bytes need not be UTF-8.
    if unit == .bytes {
      return (contents.bytes.enumerated().map { Tokenizer.Token(id: Int($1), byte: $0) }, .bytes)
    }
    let text = try contents.text()
    let tokenizer = try unit.tokenizer(for: [text])
    return (try tokenizer.tokens(of: text), tokenizer)
  }

  /// Sequences of token ids, at least two tokens each, with padding at their ends.
  func examples(of array: NumericArray, _ vocabulary: Int?) throws -> RawExamples {
    let file = array.file
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
        throw DatasetError.notAToken(
          file: file, place: array.place(flat),
          value: Int(exactly: value).map(String.init) ?? "\(value)", largest: limit - 1)
      }
      largest = max(largest, Int(value))
    }
    let kinds = vocabulary ?? largest + 1
    var examples = RawExamples(
      file: file, labelFile: file, ids: nil, inputs: inputs,
      labels: .tokens(vocabulary: (0..<kinds).map(String.init)))
    examples.reading.inputs =
      "\(width) token ids each, of \(kinds) kinds"
      + (vocabulary == nil ? " (the largest id + 1)" : "")
    examples.reading.texts = TextCounts(inputs)
    return examples
  }
}

extension RawExamples {
  /// The text of each token id; nil when the inputs are not sequences to go on with.
  var vocabulary: [String]? {
    if case .tokens(let vocabulary) = labels { vocabulary } else { nil }
  }

  /// What of these sequences, with their ids or others, is to be predicted: −1 for the others.
  func nextTokens(among ids: Tensor) -> Tensor {
    guard let nextTokens else { return ids }
    let result = Tensor(repeating: -1, shape: ids.shape)
    for place in 0..<ids.count where nextTokens.storage.base[place] >= 0 {
      result.storage.base[place] = ids.storage.base[place]
    }
    return result
  }

  /// The same sequences with the ids of another tokenizer's characters.
  ///
  /// - Throws: `DatasetError.tokenizersDiffer`; `.unknownToken` naming the first character that it
  ///   does not have.
  func tokens(by wanted: Tokenizer, of other: String) throws(DatasetError) -> Tensor {
    guard let own = tokenizer, own.isOfKind(of: wanted), own.contentHash == wanted.contentHash
    else {
      throw .tokenizersDiffer(
        train: wanted.name(in: other), test: tokenizer?.name(in: file) ?? file)
    }
    return own.contentHash == nil ? try tokens(own.vocabulary, in: wanted.vocabulary) : inputs
  }

  /// The same sequences with the ids of another vocabulary.
  ///
  /// - Throws: `DatasetError.unknownToken` naming the first token that it does not have.
  func tokens(_ own: [String], in wanted: [String]) throws(DatasetError) -> Tensor {
    // By bytes: Swift takes canonically equal texts, such as K and the Kelvin sign, for one.
    let names = wanted.map { Array($0.utf8) }
    let ownNames = own.map { Array($0.utf8) }
    if ownNames == names { return inputs }
    let index = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
    let mapped = ownNames.map { index[$0] }
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
