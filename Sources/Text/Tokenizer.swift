import Foundation
import Storage

/// Text to tokens and back: characters, bytes, or what a `tokenizer.json` describes.
///
/// The ids, and the texts of decoded tokens, are those of Hugging Face's `tokenizers` for the parts
/// that are known; a file with others is refused by their names.
public struct Tokenizer: Sendable {
  /// A token of a text.
  public struct Token: Sendable, Equatable {
    /// Its id.
    public let id: Int
    /// The byte of the text at which it begins.
    public let byte: Int

    package init(id: Int, byte: Int) { (self.id, self.byte) = (id, byte) }
  }

  /// What becomes of special tokens in a text.
  public enum SpecialTokens: Sendable {
    /// They are left out, as `decode` of `tokenizers` does unless told otherwise.
    case leftOut
    /// They stand in it.
    case kept
  }

  enum Form: Sendable {
    case bytes
    case characters([Unicode.Scalar: Int32])
    case file(TokenizerParts)
  }

  let form: Form
  /// The file, for errors; nil for characters and bytes.
  public let file: String?
  /// The text of each id, as far as a token alone has one: bytes that are none are written `\xe2`.
  public let vocabulary: [String]
  /// SHA-256 of the file; nil for characters and bytes.
  public let contentHash: Digest?

  /// The longest file that is read, 256 MiB.
  static let longestFile = 1 << 28

  /// Bytes: their own ids.
  public static let bytes = Tokenizer(
    form: .bytes, file: nil,
    vocabulary: (UInt8.min...UInt8.max).map { byte in
      (32..<127).contains(byte) || byte == 10 ? String(UnicodeScalar(byte)) : escape(byte)
    }, contentHash: nil)

  /// Unicode scalars, numbered in their order.
  public init(characters: Set<Unicode.Scalar>) {
    let known = characters.sorted { $0.value < $1.value }
    self.init(
      form: .characters(Dictionary(uniqueKeysWithValues: zip(known, 0...))), file: nil,
      vocabulary: known.map { String(Character($0)) }, contentHash: nil)
  }

  /// Reads the bytes of a `tokenizer.json`.
  ///
  /// - Parameter file: where they are from, for errors.
  /// - Throws: `TextError` naming the field that is damaged or not supported.
  public init(parsing bytes: [UInt8], file: String) throws(TextError) {
    guard bytes.count <= Self.longestFile else {
      throw .malformed(
        file: file, place: .file, problem: "\(bytes.count) bytes are too many for a tokenizer")
    }
    let parts = try bytes.withUnsafeBufferPointer { bytes throws(TextError) in
      try TokenizerParts(JSONNode(parsing: bytes, file: file))
    }
    let special = Set(parts.added.tokens.map { Int($0.id) })
    self.init(
      form: .file(parts), file: file,
      vocabulary: parts.tokens.enumerated().map { id, token in
        special.contains(id) ? token.string : parts.decoder?.piece(of: token) ?? token.string
      }, contentHash: SHA256.digest(of: bytes))
  }

  private init(form: Form, file: String?, vocabulary: [String], contentHash: Digest?) {
    (self.form, self.file) = (form, file)
    (self.vocabulary, self.contentHash) = (vocabulary, contentHash)
  }

  /// A byte that is no text: `\xe2`.
  static func escape(_ byte: UInt8) -> String {
    "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  // MARK: From text

  /// The tokens of a text, without special tokens around it.
  ///
  /// Characters that are not known, and what a tokenizer without an unknown token does not know, are
  /// left out.
  /// - Throws: `TextError.malformed` when a pattern of the file takes too many steps.
  public func tokens(of text: String) throws(TextError) -> [Token] {
    var memory = WordMemory()
    return try tokens(of: text, &memory)
  }

  package func tokens(of text: String, _ memory: inout WordMemory) throws(TextError) -> [Token] {
    switch form {
    case .bytes: return text.utf8.enumerated().map { Token(id: Int($1), byte: $0) }
    case .characters(let ids):
      let piece = TextPiece(text)
      return zip(piece.scalars, piece.origins).compactMap { scalar, origin in
        ids[scalar].map { Token(id: Int($0), byte: origin) }
      }
    case .file(let parts):
      do throws(ScalarPattern.TooSlow) {
        return try parts.tokens(of: text, &memory)
      } catch {
        throw .malformed(
          file: file ?? "", place: .member(line: nil, path: "pre_tokenizer"),
          problem: "a pattern takes too many steps on this text")
      }
    }
  }

  /// Whether both are files, both bytes or both characters.
  package func isOfKind(of other: Tokenizer) -> Bool {
    switch (form, other.form) {
    case (.bytes, .bytes), (.characters, .characters), (.file, .file): true
    default: false
    }
  }

  /// What errors call it, for the texts of a file.
  package func name(in texts: String) -> String {
    switch form {
    case .bytes: "bytes of \(texts)"
    case .characters: "characters of \(texts)"
    case .file: file ?? texts
    }
  }

  /// The ids that stand before and after a whole document, as the file's `post_processor` says.
  public var template: (prefix: [Int], suffix: [Int]) {
    guard case .file(let parts) = form else { return ([], []) }
    return (parts.template.prefix.map(Int.init), parts.template.suffix.map(Int.init))
  }

  // MARK: To text

  /// The text of some tokens; ids that are none are left out.
  public func text(of ids: [Int], _ special: SpecialTokens = .leftOut) -> String {
    switch form {
    case .bytes: return String(decoding: ids.compactMap { UInt8(exactly: $0) }, as: UTF8.self)
    case .characters: return ids.map { pieces(of: [$0]).joined() }.joined()
    case .file(let parts):
      let text = try? parts.text(of: ids, special)
      return text ?? pieces(of: ids).joined()
    }
  }

  /// The text of each token alone.
  public func pieces(of ids: [Int]) -> [String] {
    ids.map { vocabulary.indices.contains($0) ? vocabulary[$0] : "" }
  }
}

extension TokenizerParts {
  fileprivate func tokens(
    of text: String, _ memory: inout WordMemory
  ) throws(ScalarPattern.TooSlow) -> [Tokenizer.Token] {
    var tokens: [Tokenizer.Token] = []
    for part in try added.parts(of: TextPiece(text), normalizer) {
      switch part {
      case .token(let token, let origin):
        tokens.append(Tokenizer.Token(id: Int(token.id), byte: origin))
      case .text(let piece):
        for word in try preTokenizer?.words(of: piece) ?? [piece] where !word.isEmpty {
          for token in memory.tokens(of: word.scalars, by: model) {
            tokens.append(Tokenizer.Token(id: Int(token.id), byte: word.origins[token.place]))
          }
        }
      }
    }
    return tokens
  }

  fileprivate func text(
    of ids: [Int], _ special: Tokenizer.SpecialTokens
  ) throws(ScalarPattern.TooSlow) -> String {
    let left = Set(
      special == .leftOut ? added.tokens.filter(\.isSpecial).map { Int($0.id) } : [])
    let known = ids.filter { tokens.indices.contains($0) && !left.contains($0) }
      .map { tokens[$0] }
    guard let decoder else { return known.map(\.string).joined(separator: " ") }
    return try decoder.applied(to: known).map(\.string).joined()
  }
}

extension TokenDecoder {
  /// The text of one token within others.
  func piece(of token: [Unicode.Scalar]) -> String {
    let bytes = bytes(of: token)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    return bytes.map { $0 < 128 ? String(UnicodeScalar($0)) : Tokenizer.escape($0) }.joined()
  }

  private func bytes(of token: [Unicode.Scalar]) -> [UInt8] {
    func utf8(_ scalars: [Unicode.Scalar]) -> [UInt8] { scalars.flatMap { UTF8.encoded($0) } }
    switch self {
    case .byteLevel: return Self.bytes(token)
    case .byteFallback: return Self.byte(token).map { [$0] } ?? utf8(token)
    case .fuse, .strip: return utf8(token)
    case .metaspace(let replacement, _):
      return utf8(token.map { $0 == replacement ? " " : $0 })
    case .wordPiece(let prefix, _):
      return utf8(token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [" "] + token)
    case .replace, .wordEnd: return utf8((try? applied(to: [token, []]))?.first ?? token)
    case .sequence(let parts):
      var token = token
      for part in parts {
        let bytes = part.bytes(of: token)
        guard bytes.count < 100_000, let text = String(validating: bytes, as: UTF8.self) else {
          return bytes
        }
        token = Array(text.unicodeScalars)
      }
      return utf8(token)
    }
  }
}
