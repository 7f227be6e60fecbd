import Tensors

/// How a number is stored in a binary file: its kind, size and byte order.
struct ScalarFormat: Sendable, Equatable {
  /// The kinds of numbers that are read; and text of a fixed length, a letter 4 bytes or 1.
  enum Kind: Sendable { case bool, signed, unsigned, float, unicode, latin }

  var kind: Kind
  /// Bytes: 1, 2, 4 or 8; of text any number.
  var size: Int
  var isBigEndian: Bool

  /// Gives `count` numbers from `offset` of the bytes to `body`, in order.
  ///
  /// - Precondition: the bytes hold them.
  func forEach(
    _ bytes: [UInt8], from offset: Int, count: Int, _ body: (Int, Double) -> Void
  ) {
    precondition(
      offset >= 0 && count >= 0 && offset + count * size <= bytes.count, "numbers beyond the bytes")
    bytes.withUnsafeBytes { raw in
      func each<Raw: FixedWidthInteger>(_: Raw.Type, _ convert: (Raw) -> Double) {
        for i in 0..<count {
          let word = raw.loadUnaligned(fromByteOffset: offset + i * size, as: Raw.self)
          body(i, convert(isBigEndian ? Raw(bigEndian: word) : Raw(littleEndian: word)))
        }
      }
      switch (kind, size) {
      case (.bool, _): each(UInt8.self) { $0 == 0 ? 0 : 1 }
      case (.unsigned, 1): each(UInt8.self) { Double($0) }
      case (.unsigned, 2): each(UInt16.self) { Double($0) }
      case (.unsigned, 4): each(UInt32.self) { Double($0) }
      case (.unsigned, _): each(UInt64.self) { Double($0) }
      case (.signed, 1): each(Int8.self) { Double($0) }
      case (.signed, 2): each(Int16.self) { Double($0) }
      case (.signed, 4): each(Int32.self) { Double($0) }
      case (.signed, _): each(Int64.self) { Double($0) }
      case (.float, 2): each(UInt16.self) { Double(Float16(bitPattern: $0)) }
      case (.float, 4): each(UInt32.self) { Double(Float(bitPattern: $0)) }
      case (.float, _): each(UInt64.self) { Double(bitPattern: $0) }
      case (.unicode, _), (.latin, _): preconditionFailure("text where numbers were read")
      }
    }
  }
}

/// An array of a binary file whose bytes are all there, before conversion.
struct NumericArray {
  var file: String
  /// The array's name within the file, nil when the file is the array.
  var name: String?
  var shape: [Int]
  var format: ScalarFormat
  var bytes: [UInt8]
  var offset = 0
  /// Whether the first index runs fastest.
  var isColumnMajor = false

  var count: Int { Tensor.count(shape) }

  /// The place of an element or of the array.
  func place(_ flat: Int?) -> DataPlace {
    let inner = flat.map { DataPlace.element(indices(of: $0)) } ?? .file
    return name.map { .array($0, inner) } ?? inner
  }

  /// The indices of a row-major position.
  private func indices(of flat: Int) -> [Int] {
    var rest = flat
    var indices: [Int] = []
    for size in shape.reversed() {
      indices.append(size == 0 ? 0 : rest % size)
      rest = size == 0 ? 0 : rest / size
    }
    return indices.reversed()
  }

  /// The numbers in row-major order as Float32, all finite.
  func tensor() throws(DatasetError) -> Tensor {
    try requireNumbers()
    let (bytes, overflow) = count.multipliedReportingOverflow(by: 4)
    try checkMemory(overflow ? .max : bytes, for: file)
    let result = Tensor(uninitialized: shape)
    let base = result.storage.base
    var bad: (position: Int, value: Double)?
    forEachRowMajor { position, value in
      let float = Float(value)
      base[position] = float
      if !float.isFinite, bad == nil { bad = (position, value) }
    }
    if let bad {
      throw .notFinite(file: file, place: place(bad.position), value: "\(bad.value)")
    }
    return result
  }

  /// The numbers in row-major order.
  func numbers() throws(DatasetError) -> [Double] {
    try requireNumbers()
    var result = [Double](repeating: 0, count: count)
    forEachRowMajor { result[$0] = $1 }
    return result
  }

  private func requireNumbers() throws(DatasetError) {
    guard isText else { return }
    throw .notANumber(
      file: file, place: place(count > 0 ? 0 : nil), text: try strings().first ?? "")
  }

  /// Texts in the order of the bytes, without the zeros that fill them up.
  func strings() throws(DatasetError) -> [String] {
    var result: [String] = []
    let isWide = format.kind == .unicode
    for element in 0..<count {
      let start = offset + element * format.size
      let raw = bytes[start..<start + format.size]
      var text = String.UnicodeScalarView()
      for letter in stride(from: raw.startIndex, to: raw.endIndex, by: isWide ? 4 : 1) {
        var code = UInt32(raw[letter])
        if isWide {
          let four = (0..<4).map { UInt32(raw[letter + $0]) }
          code = (format.isBigEndian ? four : four.reversed()).reduce(0) { $0 << 8 | $1 }
        }
        guard let scalar = Unicode.Scalar(code) else {
          throw .malformed(file: file, place: place(element), problem: "\(code) is no letter")
        }
        text.append(scalar)
      }
      while text.last == "\0" { text.removeLast() }
      result.append(String(text))
    }
    return result
  }

  /// Gives each number with its row-major position.
  private func forEachRowMajor(_ body: (Int, Double) -> Void) {
    guard isColumnMajor, shape.count > 1 else {
      return format.forEach(self.bytes, from: offset, count: count, body)
    }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in (0..<shape.count - 1).reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var indices = [Int](repeating: 0, count: shape.count)
    var position = 0
    format.forEach(self.bytes, from: offset, count: count) { _, value in
      body(position, value)
      for axis in 0..<shape.count {
        indices[axis] += 1
        position += strides[axis]
        if indices[axis] < shape[axis] { break }
        position -= strides[axis] * shape[axis]
        indices[axis] = 0
      }
    }
  }
}
