import JSON

/// One tensor of a safetensors file.
public struct SafetensorsEntry: Sendable, Equatable {
  /// Its name, PyTorch's in the state dictionary.
  public let name: String
  /// The type of its elements, such as `F32`.
  public let type: String
  /// Its shape; empty for a scalar.
  public let shape: [Int]
  /// Its bytes, counted from the start of the data.
  public let range: Range<Int>
}

/// The header of a safetensors file, checked in itself and against the file's length.
///
///     0   length N of the header, u64 little-endian
///     8   N bytes of JSON: {"name": {"dtype", "shape", "data_offsets": [begin, end]}, …,
///                           "__metadata__": {"key": "text", …}}
///     8+N the data: the tensors one after another, without gaps, to the end of the file
///
/// - Source: github.com/huggingface/safetensors, format section of its README.
struct SafetensorsHeader {
  /// In the order of their data.
  let entries: [SafetensorsEntry]
  let metadata: [String: String]
  /// Where the data begins in the file.
  let dataStart: Int

  /// The format's own bound.
  static let longestHeader = 100_000_000
  /// Bytes of an element by type.
  static let elementSizes = [
    "BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "I16": 2, "U16": 2, "F16": 2,
    "BF16": 2, "I32": 4, "U32": 4, "F32": 4, "I64": 8, "U64": 8, "F64": 8,
  ]

  init(_ bytes: [UInt8], file: String) throws(CheckpointError) {
    guard bytes.count >= 8 else { throw .tooShort(bytes: bytes.count, file: file) }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << (8 * UInt64($1)) }
    let available = min(bytes.count - 8, SafetensorsHeader.longestHeader)
    guard length <= UInt64(available) else {
      throw .headerLength(claimed: length, available: available, file: file)
    }
    dataStart = 8 + Int(length)
    let json: JSONValue
    do throws(JSONProblem) {
      json = try SafetensorsHeader.parse(bytes, 8..<dataStart)
    } catch {
      throw .headerSyntax(byte: 8 + error.byte, problem: error.problem, file: file)
    }
    guard case .object(let members) = json else {
      throw .headerSyntax(byte: 8, problem: "expected {", file: file)
    }
    var entries: [SafetensorsEntry] = []
    var metadata: [String: String] = [:]
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try SafetensorsHeader.metadata(value, file: file)
      } else {
        entries.append(try SafetensorsEntry(name: name, value, file: file))
      }
    }
    entries.sort {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    for entry in entries {
      guard entry.range.lowerBound == end else {
        throw .badOffsets(
          name: entry.name, begin: entry.range.lowerBound, expected: end, file: file)
      }
      end = entry.range.upperBound
    }
    guard end == bytes.count - dataStart else {
      throw .dataLength(expected: end, found: bytes.count - dataStart, file: file)
    }
    self.entries = entries
    self.metadata = metadata
  }

  private static func parse(_ bytes: [UInt8], _ range: Range<Int>) throws(JSONProblem) -> JSONValue
  {
    let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONProblem> in
      do throws(JSONProblem) {
        return .success(
          try JSONReader.parse(
            UnsafeBufferPointer(rebasing: buffer[range]), as: .header))
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static func metadata(
    _ value: JSONValue, file: String
  ) throws(CheckpointError) -> [String: String] {
    guard case .object(let members) = value else {
      throw .badEntry(name: "__metadata__", problem: "is not an object", file: file)
    }
    var metadata: [String: String] = [:]
    for (key, value) in members {
      guard case .text(let text) = value else {
        throw .badEntry(
          name: "__metadata__", problem: "has \"\(key)\", which is not text", file: file)
      }
      metadata[key] = text
    }
    return metadata
  }
}

extension SafetensorsEntry {
  fileprivate init(name: String, _ value: JSONValue, file: String) throws(CheckpointError) {
    func bad(_ problem: String) -> CheckpointError {
      .badEntry(name: name, problem: problem, file: file)
    }
    func whole(_ value: JSONValue) -> Int? {
      if case .whole(let number) = value { number } else { nil }
    }
    guard case .object(let members) = value else { throw bad("is not an object") }
    let known = ["dtype", "shape", "data_offsets"]
    if let other = members.first(where: { !known.contains($0.name) }) {
      throw bad("has the unknown member \"\(other.name)\"")
    }
    let byName = Dictionary(uniqueKeysWithValues: members.map { ($0.name, $0.value) })
    guard case .text(let type) = byName["dtype"] else { throw bad("has no dtype") }
    guard let size = SafetensorsHeader.elementSizes[type] else {
      throw .unsupportedType(name: name, type: type, file: file)
    }
    guard case .list(let sizes) = byName["shape"], sizes.allSatisfy({ whole($0) != nil }) else {
      throw bad("has no shape of whole numbers")
    }
    let shape = sizes.compactMap(whole)
    guard case .list(let offsets) = byName["data_offsets"], offsets.count == 2,
      let begin = whole(offsets[0]), let end = whole(offsets[1])
    else { throw bad("has no data_offsets of two whole numbers") }
    guard begin <= end else { throw bad("ends before it begins, at \(end) and \(begin)") }
    var bytes = size
    for (index, length) in shape.enumerated() {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: length)
      if overflow && !shape[(index + 1)...].contains(0) {
        throw bad("has shape \(shape), whose size overflows")
      }
      bytes = overflow ? 0 : product
    }
    guard bytes == end - begin else {
      throw bad("has shape \(shape) of \(bytes) bytes, its data_offsets span \(end - begin)")
    }
    self.init(name: name, type: type, shape: shape, range: begin..<end)
  }
}
