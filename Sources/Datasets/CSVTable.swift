import Glibc

/// The records of a delimited text, one after the other, with the line each begins on.
///
/// RFC 4180 and what is met in practice: fields in quotes may hold delimiters, doubled quotes and
/// line ends; lines end in LF, CRLF or CR; a byte order mark and empty lines are skipped. A quote
/// inside a field that does not begin with one is an ordinary letter.
///
/// An own parser, because the packages make a `String` of each field (SwiftCSV also one of the
/// whole file) and do not say where an error is; this one leaves fields as byte ranges.
struct CSVTable {
  /// A field as a range of the bytes, without its quotes.
  struct Field {
    var start: Int
    var end: Int
    /// Whether doubled quotes in it stand for one.
    var hasDoubledQuotes = false
    var isQuoted = false
  }

  /// What sets fields apart.
  enum Delimiter: Sendable, Equatable {
    case byte(UInt8)
    /// Any number of blanks and tabs; those at the ends of a line are none.
    case blanks
  }

  let file: String
  let bytes: UnsafeBufferPointer<UInt8>
  let delimiter: Delimiter
  /// What stands before the decimals of a number.
  var decimalPoint = UInt8(ascii: ".")
  /// The fields of the current record.
  private(set) var fields: [Field] = []
  /// The line on which the current record begins, from 1.
  private(set) var line = 0
  /// The bytes of the current record, with its line end.
  private(set) var record = 0..<0
  private var position = 0
  private var nextLine = 1

  /// - Parameters:
  ///   - delimiter: nil: that of the text, see `CSVTable.Form`.
  init(file: String, bytes: UnsafeBufferPointer<UInt8>, delimiter: Delimiter? = nil) {
    let form = Form(bytes)
    (self.file, self.bytes) = (file, bytes)
    self.delimiter = delimiter ?? form.delimiter
    (position, nextLine) = (form.start, form.firstLine)
  }

  /// Goes to the next record that is not an empty line; false at the end.
  mutating func next() throws(DatasetError) -> Bool {
    skipBlanks()
    while position < bytes.count, endLine() { skipBlanks() }
    guard position < bytes.count else { return false }
    fields.removeAll(keepingCapacity: true)
    line = nextLine
    let start = position
    defer { record = start..<position }
    while true {
      fields.append(try field())
      skipBlanks()
      guard position < bytes.count else { return true }
      if case .byte(bytes[position]) = delimiter {
        position += 1
      } else if endLine() {
        return true
      }
    }
  }

  /// Skips what sets fields apart, where that is any number of blanks.
  private mutating func skipBlanks() {
    guard delimiter == .blanks else { return }
    while position < bytes.count, bytes[position] == space || bytes[position] == tab {
      position += 1
    }
  }

  /// Whether a field ends before a byte.
  private func ends(_ byte: UInt8) -> Bool {
    if byte == lineFeed || byte == carriageReturn { return true }
    switch delimiter {
    case .byte(let delimiter): return byte == delimiter
    case .blanks: return byte == space || byte == tab
    }
  }

  /// Skips one line end; false when there is none here.
  private mutating func endLine() -> Bool {
    let byte = bytes[position]
    guard byte == lineFeed || byte == carriageReturn else { return false }
    position += 1
    if byte == carriageReturn, position < bytes.count, bytes[position] == lineFeed { position += 1 }
    nextLine += 1
    return true
  }

  /// Reads one field and stops at the delimiter, line end or end of text behind it.
  private mutating func field() throws(DatasetError) -> Field {
    if position < bytes.count, bytes[position] == quote { return try quotedField() }
    var field = Field(start: position, end: position)
    while position < bytes.count {
      if ends(bytes[position]) { break }
      position += 1
    }
    field.end = position
    return field
  }

  private mutating func quotedField() throws(DatasetError) -> Field {
    var field = Field(start: position + 1, end: position + 1, isQuoted: true)
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == carriageReturn || (byte == lineFeed && bytes[position - 2] != carriageReturn) {
        nextLine += 1
      }
      guard byte == quote else { continue }
      if position < bytes.count, bytes[position] == quote {
        field.hasDoubledQuotes = true
        position += 1
        continue
      }
      field.end = position - 1
      guard position == bytes.count || ends(bytes[position]) else {
        throw .badQuote(file: file, place: place(fields.count), isUnclosed: false)
      }
      return field
    }
    throw .badQuote(file: file, place: place(fields.count), isUnclosed: true)
  }

  /// The place of a field of the current record, by column number.
  func place(_ column: Int) -> DataPlace { .field(line: line, column: "\(column)") }

  /// The text of a field; blanks around it are dropped unless it is quoted.
  func text(_ field: Field) throws(DatasetError) -> String {
    let slice = field.isQuoted ? bytes[field.start..<field.end] : trimmed(field)
    guard var text = String(validating: slice, as: UTF8.self) else {
      throw .malformed(file: file, place: .line(line), problem: "the text is not UTF-8")
    }
    if field.hasDoubledQuotes { text = text.replacing("\"\"", with: "\"") }
    return text
  }

  /// The number in a field, or nil when there is none.
  func number(_ field: Field) -> Double? { parseNumber(trimmed(field), point: decimalPoint) }

  /// The truth that is written in a field, in any case; nil when there is none.
  func truth(_ field: Field) -> Bool? {
    switch word(field) {
    case "true": true
    case "false": false
    default: nil
    }
  }

  /// Whether a field says that there is no value, as pandas and the UCI repository write it.
  func isMissing(_ field: Field) -> Bool {
    word(field).map(Self.missingWords.contains) ?? false
  }

  /// What says that there is no value, in small letters.
  static let missingWords: Set<String> = [
    "", "?", "na", "n/a", "#n/a", "<na>", "nan", "-nan", "null", "none", "#na",
  ]

  /// A field of at most five letters, in small ones; nil of a longer one.
  private func word(_ field: Field) -> String? {
    let slice = trimmed(field)
    guard slice.count <= 5 else { return nil }
    return String(decoding: slice, as: UTF8.self).lowercased()
  }

  private func trimmed(_ field: Field) -> Slice<UnsafeBufferPointer<UInt8>> {
    var (start, end) = (field.start, field.end)
    while start < end, bytes[start] == space || bytes[start] == tab { start += 1 }
    while start < end, bytes[end - 1] == space || bytes[end - 1] == tab { end -= 1 }
    return bytes[start..<end]
  }
}

private let lineFeed = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
private let quote = UInt8(ascii: "\"")
private let space = UInt8(ascii: " ")
private let tab = UInt8(ascii: "\t")

/// The number that is written in some bytes, correctly rounded, or nil when they are not one.
///
/// Up to fifteen digits and a power of ten up to 22 are exact in a double, so that one division
/// or product rounds correctly (Clinger 1990); everything else goes to the library.
///
/// - Parameter point: what stands before the decimals.
func parseNumber(
  _ text: Slice<UnsafeBufferPointer<UInt8>>, point: UInt8 = UInt8(ascii: ".")
) -> Double? {
  var position = text.startIndex
  let end = text.endIndex
  guard position < end, end - position <= 400 else { return nil }
  let bytes = text.base
  let isNegative = bytes[position] == UInt8(ascii: "-")
  if isNegative || bytes[position] == UInt8(ascii: "+") { position += 1 }
  var (mantissa, digits, decimals) = (0, 0, 0)
  var seenPoint = false
  while position < end {
    let byte = bytes[position]
    if byte >= 48, byte <= 57 {
      digits += 1
      guard digits <= 15 else { return libraryNumber(text, point) }
      mantissa = mantissa * 10 + Int(byte - 48)
      if seenPoint { decimals += 1 }
    } else if byte == point, !seenPoint {
      seenPoint = true
    } else {
      return libraryNumber(text, point)
    }
    position += 1
  }
  guard digits > 0 else { return nil }
  let magnitude = Double(mantissa) / powersOfTen[decimals]
  return isNegative ? -magnitude : magnitude
}

private let powersOfTen: [Double] = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
]

/// Decimals, `nan` and `inf` in any case; not the hexadecimal numbers that C also knows.
///
/// - Precondition: at most 400 bytes.
private func libraryNumber(
  _ text: Slice<UnsafeBufferPointer<UInt8>>, _ point: UInt8
) -> Double? {
  let isDecimal = text.allSatisfy { byte in
    (byte >= 48 && byte <= 57) || byte == point || "+-eE".utf8.contains(byte)
  }
  guard isDecimal else {
    let word = String(decoding: text, as: UTF8.self).lowercased().drop { $0 == "-" || $0 == "+" }
    return ["nan", "inf", "infinity"].contains(word) ? Double(word) : nil
  }
  return withUnsafeTemporaryAllocation(of: CChar.self, capacity: text.count + 1) { buffer in
    for (i, byte) in text.enumerated() {
      buffer[i] = CChar(bitPattern: byte == point ? UInt8(ascii: ".") : byte)
    }
    buffer[text.count] = 0
    guard let start = buffer.baseAddress else { return nil }
    var end: UnsafeMutablePointer<CChar>?
    let number = strtod(start, &end)
    return end == start + text.count ? number : nil
  }
}
