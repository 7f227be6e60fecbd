extension NumericArray {
  /// Some rows of the first dimension, in row-major order, their numbers as they are stored.
  func rows(_ rows: [Int]) -> NumericArray {
    let length = shape.dropFirst().reduce(1, *)
    var result = self
    result.shape = [rows.count] + shape.dropFirst()
    (result.offset, result.isColumnMajor, result.bytes) = (0, false, [])
    result.bytes.reserveCapacity(rows.count * length * format.size)
    for row in rows {
      guard isColumnMajor, shape.count > 1 else {
        let start = offset + row * length * format.size
        result.bytes += bytes[start..<start + length * format.size]
        continue
      }
      for element in 0..<length {
        let start = offset + columnMajor(row, element) * format.size
        result.bytes += bytes[start..<start + format.size]
      }
    }
    return result
  }

  /// The place of an element of a row, counted row by row, where the first index runs fastest.
  private func columnMajor(_ row: Int, _ element: Int) -> Int {
    var (rest, indices) = (element, [Int]())
    for size in shape.dropFirst().reversed() {
      indices.insert(rest % size, at: 0)
      rest /= size
    }
    var (place, stride) = (0, 1)
    for (index, size) in zip([row] + indices, shape) {
      place += index * stride
      stride *= size
    }
    return place
  }

  /// As an IDX file.
  ///
  /// - Precondition: of a kind of number that IDX has, as those read from one are.
  var idx: [UInt8] {
    let kind: UInt8 =
      switch (format.kind, format.size) {
      case (.unsigned, _), (.bool, _): 0x08
      case (.signed, 1): 0x09
      case (.signed, 2): 0x0B
      case (.signed, _): 0x0C
      case (.float, 4): 0x0D
      case (.float, _): 0x0E
      case (.unicode, _), (.latin, _): preconditionFailure("IDX has no texts")
      }
    let sizes = shape.flatMap { size in
      (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) }
    }
    return [0, 0, kind, UInt8(shape.count)] + sizes + bytes
  }

  /// As an npy file, version 1, its data at a multiple of 64 bytes.
  var npy: [UInt8] {
    let kind =
      switch format.kind {
      case .float: "f"
      case .signed: "i"
      case .unsigned: "u"
      case .bool: "b"
      case .unicode: "U"
      case .latin: "S"
      }
    let size = format.kind == .unicode ? format.size / 4 : format.size
    let order = format.size == 1 || format.kind == .latin ? "|" : format.isBigEndian ? ">" : "<"
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var header =
      "{'descr': '\(order)\(kind)\(size)', 'fortran_order': False, 'shape': (\(sizes)), }"
    let length = (10 + header.utf8.count + 1 + 63) / 64 * 64 - 10
    header += String(repeating: " ", count: length - header.utf8.count - 1) + "\n"
    return NPYReader.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8)
      + bytes
  }
}
