/// Reads the array format of numpy, versions 1 to 3, from the bytes of a file or of a zip entry.
///
/// Source: NEP 1 and numpy.lib.format.
struct NPYReader {
  var file: String
  /// The array's name within the file, nil when the file is the array.
  var name: String?

  func read() throws(DatasetError) -> NumericArray {
    try array(FileBytes(file).bytes)
  }

  func array(_ bytes: [UInt8]) throws(DatasetError) -> NumericArray {
    if bytes.first == 0x80, (2...5).contains(bytes.dropFirst().first ?? 0) {
      throw .unsupported(
        file: file, place: at(.file), feature: "a pickle of Python",
        supported: "an array of numbers with `numpy.save`")
    }
    guard bytes.starts(with: Self.magic) else {
      throw .wrongFormat(file: file, format: "npy", found: Array(bytes.prefix(6)))
    }
    guard bytes.count >= 12 else {
      throw .truncated(file: file, place: at(.byte(6)), needed: 12, found: bytes.count)
    }
    let version = bytes[6]
    guard (1...3).contains(version), bytes[7] == 0 else {
      throw .unsupported(
        file: file, place: at(.byte(6)), feature: "npy version \(version).\(bytes[7])",
        supported: "version 1, 2 or 3")
    }
    let (textStart, lengthBytes) = version == 1 ? (10, bytes[8..<10]) : (12, bytes[8..<12])
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    let start = textStart + length
    guard start <= bytes.count else {
      throw .truncated(file: file, place: at(.byte(8)), needed: start, found: bytes.count)
    }
    let header = try NPYHeader(
      bytes[textStart..<start], file: file, place: at(.byte(textStart)))
    guard let count = checkedProduct(header.shape, limit: .max / 16) else {
      throw .malformed(
        file: file, place: at(.byte(textStart)),
        problem: "the header claims shape \(header.shape)")
    }
    let (needed, found) = (count * header.format.size, bytes.count - start)
    guard found >= needed else {
      throw .truncated(file: file, place: at(.byte(start)), needed: needed, found: found)
    }
    guard found == needed else {
      throw .trailingBytes(
        file: file, place: at(.byte(start + needed)), count: found - needed)
    }
    return NumericArray(
      file: file, name: name, shape: header.shape, format: header.format, bytes: bytes,
      offset: start, isColumnMajor: header.isColumnMajor)
  }

  private func at(_ place: DataPlace) -> DataPlace { name.map { .array($0, place) } ?? place }

  static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
}

/// The Python dictionary at the head of an npy file, read strictly:
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NPYHeader {
  private(set) var format = ScalarFormat(kind: .float, size: 4, isBigEndian: false)
  private(set) var isColumnMajor = false
  private(set) var shape: [Int] = []

  private let file: String
  private let place: DataPlace
  private var rest: Substring

  init(_ bytes: ArraySlice<UInt8>, file: String, place: DataPlace) throws(DatasetError) {
    (self.file, self.place) = (file, place)
    guard bytes.count <= 1 << 16, let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed(file: file, place: place, problem: "the header is not text")
    }
    rest = text[...]
    try expect("{")
    var seen: Set<String> = []
    while !skip("}") {
      let key = try quoted()
      try expect(":")
      guard seen.insert(key).inserted else { throw damaged("`\(key)` stands twice") }
      switch key {
      case "descr": format = try descriptor()
      case "fortran_order": isColumnMajor = try truth()
      case "shape": shape = try tuple()
      default: throw damaged("unknown header key `\(key)`")
      }
      if !skip(",") {
        try expect("}")
        break
      }
    }
    guard seen.count == 3 else { throw damaged("descr, fortran_order or shape is missing") }
    skipBlanks()
    guard rest.isEmpty else { throw damaged("text follows the header") }
  }

  private mutating func descriptor() throws(DatasetError) -> ScalarFormat {
    skipBlanks()
    if rest.hasPrefix("[") { throw unsupported("a structured array") }
    let text = try quoted()
    let kinds: [Character: ScalarFormat.Kind] = [
      "f": .float, "i": .signed, "u": .unsigned, "b": .bool, "U": .unicode, "S": .latin,
    ]
    guard let order = text.first, "<>|=".contains(order), text.count >= 3,
      let kind = kinds[text[text.index(after: text.startIndex)]], let size = Int(text.dropFirst(2))
    else { throw unsupported("the element type `\(text.prefix(20))`") }
    if kind == .unicode || kind == .latin, 1..<1 << 16 ~= size {
      return ScalarFormat(
        kind: kind, size: kind == .unicode ? 4 * size : size, isBigEndian: order == ">")
    }
    let sizes: [Int] =
      switch kind {
      case .float: [2, 4, 8]
      case .bool: [1]
      case .signed, .unsigned: [1, 2, 4, 8]
      case .unicode, .latin: []
      }
    guard sizes.contains(size) else { throw unsupported("the element type `\(text.prefix(20))`") }
    return ScalarFormat(kind: kind, size: size, isBigEndian: order == ">")
  }

  private mutating func truth() throws(DatasetError) -> Bool {
    if skip("True") { return true }
    if skip("False") { return false }
    throw damaged("fortran_order is neither True nor False")
  }

  private mutating func tuple() throws(DatasetError) -> [Int] {
    try expect("(")
    var sizes: [Int] = []
    while !skip(")") {
      skipBlanks()
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let size = Int(digits), sizes.count < 32 else { throw damaged("the shape") }
      rest = rest.dropFirst(digits.count)
      _ = skip("L")
      sizes.append(size)
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return sizes
  }

  private mutating func quoted() throws(DatasetError) -> String {
    skipBlanks()
    guard let mark = rest.first, mark == "'" || mark == "\"" else { throw damaged("no quote") }
    rest = rest.dropFirst()
    guard let end = rest.firstIndex(of: mark) else { throw damaged("an open quote") }
    let text = String(rest[..<end])
    rest = rest[rest.index(after: end)...]
    return text
  }

  private mutating func skipBlanks() { rest = rest.drop { $0 == " " || $0 == "\n" } }

  private mutating func skip(_ word: String) -> Bool {
    skipBlanks()
    guard rest.hasPrefix(word) else { return false }
    rest = rest.dropFirst(word.count)
    return true
  }

  private mutating func expect(_ word: String) throws(DatasetError) {
    if !skip(word) { throw damaged("`\(word)` is missing in the header") }
  }

  private func damaged(_ problem: String) -> DatasetError {
    .malformed(file: file, place: place, problem: problem)
  }

  private func unsupported(_ feature: String) -> DatasetError {
    .unsupported(
      file: file, place: place, feature: feature,
      supported: "bool, int8 to int64, uint8 to uint64, float16, float32, float64 or text")
  }
}
