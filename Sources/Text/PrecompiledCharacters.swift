import Foundation
import JSON

/// SentencePiece's table of what characters become, as its `precompiled_charsmap` has it: a double
/// array of the bytes of a text and, behind it, the texts that they become, each ended by a 0.
///
/// Of a character of up to five bytes what its shortest beginning in the table becomes stands for all
/// of it, else the same of each of its scalars.
/// - Source: the `Precompiled` normaliser of `tokenizers`, whose results these are.
struct PrecompiledCharacters: Sendable {
  /// The double array, and the texts.
  private let units: [UInt32]
  private let texts: [UInt8]

  /// Reads the bytes of a table; nil when they are none.
  ///
  /// Bytes: the array's size in bytes (4, little-endian), the array, the texts.
  init?(_ bytes: [UInt8]) {
    func word(_ place: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
    }
    guard bytes.count >= 8 else { return nil }
    let size = Int(word(0))
    guard size >= 4, size % 4 == 0, size <= bytes.count - 4 else { return nil }
    units = (0..<size / 4).map { word(4 + 4 * $0) }
    texts = Array(bytes[(4 + size)...])
    // What a text becomes is UTF-8, or else the file is damaged.
    guard texts.isEmpty || String(validating: texts, as: UTF8.self) != nil else { return nil }
  }

  func applied(to piece: TextPiece) -> TextPiece {
    var text = String.UnicodeScalarView()
    text.append(contentsOf: piece.scalars)
    var result = TextPiece()
    var place = 0
    for character in String(text) {
      let scalars = character.unicodeScalars
      let bytes = scalars.flatMap(UTF8.encoded)
      if bytes.count < 6, let changed = changed(bytes) {
        for scalar in changed { result.append(scalar, from: piece.origins[place]) }
        place += scalars.count
        continue
      }
      for scalar in scalars {
        for changed in changed(Array(UTF8.encoded(scalar))) ?? [scalar] {
          result.append(changed, from: piece.origins[place])
        }
        place += 1
      }
    }
    return result
  }

  /// What the shortest beginning of some bytes that the table has becomes; nil without one.
  private func changed(_ bytes: [UInt8]) -> [Unicode.Scalar]? {
    guard let start = shortest(bytes), start < texts.count else { return nil }
    let end = texts[start...].firstIndex(of: 0) ?? texts.count
    return Array(String(decoding: texts[start..<end], as: UTF8.self).unicodeScalars)
  }

  /// Where the text of the shortest beginning stands.
  private func shortest(_ bytes: [UInt8]) -> Int? {
    func offset(_ unit: UInt32) -> Int { Int(unit >> 10) << Int((unit & (1 << 9)) >> 6) }
    var node = offset(units[0])
    for byte in bytes {
      if byte == 0 { return nil }
      node ^= Int(byte)
      guard units.indices.contains(node) else { return nil }
      let unit = units[node]
      guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
      node ^= offset(unit)
      if unit >> 8 & 1 == 1 {
        guard units.indices.contains(node) else { return nil }
        return Int(units[node] & (1 << 31 - 1))
      }
    }
    return nil
  }
}

extension PrecompiledCharacters {
  /// The `precompiled_charsmap` of a tokenizer.json, in base64.
  init(_ node: JSONNode) throws(JSONError) {
    guard let data = Data(base64Encoded: try node.text()), let table = Self(Array(data)) else {
      throw node.damaged("it is no table of characters in base64")
    }
    self = table
  }
}
