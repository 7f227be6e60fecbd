// Letters: n training examples, C targets.
import Foundation
import Storage
import Tensors

extension KeptFactor.Contents {
  /// Writes what stands beside the factor, covered by the file's seal or by checksums.
  func write(to file: SealedFileWriter) throws(StorageError) {
    try file.hdf5.setAttribute("damping", .text(try damping.text(for: file.path)))
    if let inverseDiagonal {
      try file.writeRows(
        inverseDiagonal, shape: [inverseDiagonal.count], to: "inverseDiagonal")
    }
    if let scales { try file.writeRows(scales, shape: [scales.count], to: "scales") }
    if let residuals {
      try file.writeRows(
        residuals.elements, shape: [residuals.rows, residuals.columns], to: "residuals")
    }
  }

  /// Reads and checks what `write(to:)` wrote.
  init(from file: SealedFile, order n: Int) throws(StorageError) {
    func values(_ name: String) throws(StorageError) -> [Double] {
      let rows = try file.rows(name)
      guard rows.rowCount == n, rows.rowLength == 1 else {
        throw .wrongShape(
          name: name, expected: [n], found: [rows.rowCount, rows.rowLength], file: file.path)
      }
      return try rows.values()
    }
    damping = try DampingReport(from: file)
    inverseDiagonal =
      file.hdf5.contains("inverseDiagonal") ? try values("inverseDiagonal") : nil
    scales = file.hdf5.contains("scales") ? try values("scales") : nil
    guard file.hdf5.contains("residuals") else {
      residuals = nil
      return
    }
    let rows = try file.rows("residuals")
    guard rows.rowCount == n else {
      throw .wrongShape(
        name: "residuals", expected: [n, rows.rowLength], found: [rows.rowCount, rows.rowLength],
        file: file.path)
    }
    residuals = Matrix(try rows.values(), rows: n, columns: rows.rowLength)
  }
}

extension DampingReport {
  /// The report as JSON, in which every number comes back to the bit.
  fileprivate func text(for file: String) throws(StorageError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let data = try? encoder.encode(self) else {
      throw .inconsistent(problem: "its damping report has no JSON", file: file)
    }
    return String(decoding: data, as: UTF8.self)
  }

  fileprivate init(from file: SealedFile) throws(StorageError) {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard case .text(let text) = try file.hdf5.attribute("damping"),
      let report = try? decoder.decode(DampingReport.self, from: Data(text.utf8))
    else { throw .inconsistent(problem: "it has no damping report", file: file.path) }
    self = report
  }
}
