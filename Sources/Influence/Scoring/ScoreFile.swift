// Letters: n training examples, m queries.
import Datasets
import Foundation
import Gradients
import Storage
import Tensors

/// A file of scores, m × n, with everything they mean: `Projections/README.md` has the format.
public struct ScoreFile {
  /// Writes a score file block by block of queries; never all scores in memory.
  ///
  /// - Parameters:
  ///   - header: asked for after the scores, when everything about them is known.
  ///   - produce: calls its argument with successive rows of scores.
  public static func write(
    _ makeHeader: @autoclosure () throws -> ScoreDescription, train: Dataset, queries: Dataset,
    to path: String,
    produce: (_ take: (Matrix<Float>) throws -> Void) throws -> Void
  ) throws {
    let file = try SealedFileWriter(path)
    let rows = try file.makeRows(
      "scores", shape: [queries.count, train.count], type: .float32)
    try produce { block in try rows.append(block.elements, rows: block.rows) }
    let header = try makeHeader()
    try file.hdf5.write(train.ids.map(\.description), to: "trainIDs")
    try file.hdf5.write(queries.ids.map(\.description), to: "queryIDs")
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    let text = String(decoding: try encoder.encode(header), as: UTF8.self)
    try file.hdf5.setAttribute("format", .text("ascribe scores 1"))
    try file.hdf5.setAttribute("header", .text(text))
    for (name, value) in [
      ("method", header.method), ("outputFunction", header.outputFunction),
      ("unit", header.unit), ("sign", header.sign), ("exampleWeight", header.exampleWeight),
    ] {
      try file.hdf5.setAttribute(name, .text(value))
    }
    try header.fingerprint.write(to: file.hdf5)
    try file.finish()
  }

  /// Where the file is.
  public let path: String
  /// What is recorded with the scores.
  public let header: ScoreDescription
  /// What the scores were made from.
  public let fingerprint: Fingerprint
  /// Ids of the training examples.
  public let trainIDs: [ExampleID]
  /// Ids of the queries.
  public let queryIDs: [ExampleID]
  private let rows: CheckedRows

  /// Opens a score file; its seal is checked.
  public init(_ path: String) throws {
    self.path = path
    let file = try SealedFile(path)
    guard case .text(let text) = try file.hdf5.attribute("header"),
      let header = try? ScoreFile.decoder.decode(ScoreDescription.self, from: Data(text.utf8))
    else {
      throw StorageError.inconsistent(problem: "no header of scores", file: path)
    }
    self.header = header
    fingerprint = try Fingerprint(from: file.hdf5)
    trainIDs = try file.hdf5.dataset("trainIDs").readStrings().map { ExampleID($0) }
    queryIDs = try file.hdf5.dataset("queryIDs").readStrings().map { ExampleID($0) }
    rows = try file.rows("scores")
    guard rows.rowCount == queryIDs.count, rows.rowLength == trainIDs.count else {
      throw InfluenceError.rowMismatch(
        file: path, rows: rows.rowCount, expected: queryIDs.count)
    }
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// Scores of some queries, checked against their checksums.
  public func scores(_ queries: Range<Int>) throws -> Matrix<Float> {
    let result = Matrix<Float>(uninitialized: queries.count, rows.rowLength)
    try rows.read(queries, into: result.storage.base, checks: .everyRead)
    return result
  }
}
