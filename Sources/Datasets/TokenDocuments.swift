import SystemPackage
import Tensors
import Text

/// A text on its way to sequences: its tokens and what it is called.
struct TokenDocument {
  /// What errors and, in part, ids call it.
  var name: String
  var tokens: [Tokenizer.Token]
  var place: DataPlace
  /// Which tokens are to be predicted; nil: all.
  var isTarget: [Bool]?

  /// Which tokens of a text are to be predicted: those with a byte in one of some ranges.
  ///
  /// A token goes to where the next one begins.
  static func targets(_ tokens: [Tokenizer.Token], in ranges: [Range<Int>], end: Int) -> [Bool] {
    var next = 0
    return tokens.indices.map { index in
      let start = tokens[index].byte
      let stop = max(start + 1, index + 1 < tokens.count ? tokens[index + 1].byte : end)
      while next < ranges.count, ranges[next].upperBound <= start { next += 1 }
      return next < ranges.count && ranges[next].lowerBound < stop
    }
  }
}

/// What the tokens of a text in the run file are.
enum TokenUnit: Sendable, Equatable {
  /// Unicode scalars; ids in the order of the scalars that occur.
  case characters
  /// Bytes; ids are the bytes.
  case bytes
  /// What a tokenizer.json makes of it.
  case file(String)

  /// The tokenizer of some texts.
  func tokenizer(for texts: some Sequence<String>) throws -> Tokenizer {
    switch self {
    case .bytes: return .bytes
    case .file(let file): return try Tokenizer(contentsOf: file)
    case .characters:
      var scalars: Set<Unicode.Scalar> = []
      for text in texts { scalars.formUnion(text.unicodeScalars) }
      return Tokenizer(characters: scalars)
    }
  }
}

extension TokenUnit {
  /// What tokens are, in words.
  func description(_ tokenizer: Tokenizer?) -> String {
    switch self {
    case .bytes: "tokens: bytes"
    case .characters: "tokens: characters, \(tokenizer?.vocabulary.count ?? 0) kinds"
    case .file(let file):
      "tokens of \(FilePath(file).lastComponent?.string ?? file), "
        + "\(tokenizer?.vocabulary.count ?? 0) kinds"
    }
  }
}

/// Sequences of one length from documents, n × T token ids, −1 for padding at the end.
struct TokenRows {
  let ids: [ExampleID]
  let inputs: Tensor
  /// The inputs with −1 for what is not to be predicted; nil where all is.
  var targets: Tensor?

  /// How many tokens are to be predicted: all that are not negative but each row's first.
  static func targetCount(_ targets: Tensor) -> Int {
    let width = targets.rowLength
    return (0..<targets.count).count { $0 % width > 0 && targets.storage.base[$0] >= 0 }
  }

  /// The documents one after the other, cut every `length` tokens; the last block is padded.
  ///
  /// A block of one token has nothing to predict and is left out. An id says where a block begins:
  /// `NAME@BYTE`, or what `name` makes of it; `+1` behind it where another one begins at that byte.
  static func blocks(
    _ documents: [TokenDocument], of length: Int, file: String,
    name: (TokenDocument, Int) -> String = { "\($0.name)@\($1)" }
  ) throws(DatasetError) -> TokenRows {
    let total = documents.reduce(0) { $0 + $1.tokens.count }
    let count = total / length + (total % length > 1 ? 1 : 0)
    guard count > 0 else { throw .noExamples(file: file) }
    let inputs = try padding(count, length, file)
    var ids: [ExampleID] = []
    var place = 0
    var (last, repeats) = ("", 0)
    for document in documents {
      for token in document.tokens where place < inputs.count {
        inputs.storage.base[place] = Float(token.id)
        if place % length == 0 {
          let start = name(document, token.byte)
          repeats = start == last ? repeats + 1 : 0
          last = start
          ids.append(ExampleID(repeats == 0 ? start : "\(start)+\(repeats)"))
        }
        place += 1
      }
    }
    return TokenRows(ids: ids, inputs: inputs)
  }

  /// A document a row, what is longer cut off, what is shorter padded.
  ///
  /// - Parameter needed: the fewest tokens of a document: 2 where the next one is to be predicted.
  static func documents(
    _ documents: [TokenDocument], of length: Int, needed: Int, file: String
  ) throws(DatasetError) -> TokenRows {
    guard !documents.isEmpty else { throw .noExamples(file: file) }
    let inputs = try padding(documents.count, length, file)
    let targets =
      documents.contains { $0.isTarget != nil }
      ? try padding(documents.count, length, file) : nil
    for (row, document) in documents.enumerated() {
      guard document.tokens.count >= needed else {
        throw .shortText(
          file: file, place: document.place, tokens: document.tokens.count, needed: needed)
      }
      for (place, token) in document.tokens.prefix(length).enumerated() {
        inputs.storage.base[row * length + place] = Float(token.id)
        if document.isTarget?[place] != false {
          targets?.storage.base[row * length + place] = Float(token.id)
        }
      }
    }
    return TokenRows(
      ids: documents.map { ExampleID($0.name) }, inputs: inputs, targets: targets)
  }

  private static func padding(
    _ count: Int, _ length: Int, _ file: String
  ) throws(DatasetError) -> Tensor {
    try checkMemory(checkedProduct([count, length, 4], limit: .max / 2) ?? .max, for: file)
    return Tensor(repeating: -1, shape: [count, length])
  }
}
