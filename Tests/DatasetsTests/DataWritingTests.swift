import Configuration
import Foundation
import TestSupport
import Testing

@testable import Datasets

/// A copy of some training examples, read again, is those examples.
@Suite struct DataWritingTests {
  private func configuration(_ data: String, in folder: ScratchFolder) throws -> DataConfiguration {
    try DataConfiguration(
      from: try ConfigurationMap(yaml: data, file: "run.yaml"), relativeTo: folder.path)
  }

  /// Writes every second example and reads the copy.
  private func requireCopy(
    _ data: String, files: [String], in folder: ScratchFolder,
    at location: SourceLocation = #_sourceLocation
  ) throws {
    let from = try configuration(data, in: folder)
    let train = try from.load().train
    let rows = stride(from: 1, to: train.count, by: 2).map { $0 }
    let written = try from.writeTraining(Set(rows.map { train.ids[$0] }), to: folder / "copy")
    #expect(written.count == max(1, files.count), sourceLocation: location)
    var copied = data
    for file in files {
      copied = copied.replacing(
        file, with: "copy/" + (file.hasSuffix(".gz") ? String(file.dropLast(3)) : file))
    }
    if files.isEmpty { copied = copied.replacing("path: pictures", with: "path: copy") }
    let copy = try configuration(copied, in: folder).load().train
    let expected = train.subset(rows)
    #expect(copy.inputs.elements == expected.inputs.elements, sourceLocation: location)
    #expect(copy.classes == expected.classes, sourceLocation: location)
    if case .name = expected.ids[0] { #expect(copy.ids == expected.ids, sourceLocation: location) }
  }

  @Test func `a table with a header, quotes, empty lines and no last line end`() throws {
    let folder = try ScratchFolder()
    let text =
      "\u{FEFF}id,x,\"y\"\r\na,1,cat\r\n\r\n\"b\n,\",2,\"do\"\"g\"\r\nc,3,cat\r\nd,4,\"do\"\"g\""
    try Data(text.utf8).write(to: URL(filePath: folder / "train.csv"))
    let data =
      "train: {format: csv, path: train.csv, label: last, id: id}\nclasses: [cat, 'do\"g']\n"
    try requireCopy(data, files: ["train.csv"], in: folder)
    let copy = try String(contentsOfFile: folder / "copy/train.csv", encoding: .utf8)
    #expect(copy == "id,x,\"y\"\r\n\"b\n,\",2,\"do\"\"g\"\r\nd,4,\"do\"\"g\"\n")
  }

  @Test func `texts, a line each`() throws {
    let folder = try ScratchFolder()
    let lines = (0..<5).map { "{\"text\": \"t\($0)\", \"c\": \"\($0 % 2)\", \"n\": \"d\($0)\"}" }
    try Data((lines.joined(separator: "\n\n")).utf8).write(to: URL(filePath: folder / "t.jsonl"))
    try requireCopy(
      "train: {format: jsonl, path: t.jsonl, label: c, id: n, length: 4, tokens: bytes}\nclasses: [\"0\", \"1\"]\n",
      files: ["t.jsonl"], in: folder)
  }

  /// A number as a little-endian float of 4 bytes.
  private static func bytes(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: Float(value).bitPattern.littleEndian) { Array($0) }
  }

  @Test func `arrays of numpy, of an archive and of HDF5, rows of a source among them`() throws {
    let folder = try ScratchFolder()
    let inputs = NumericArray(
      file: "x", shape: [6, 3], format: ScalarFormat(kind: .float, size: 4, isBigEndian: false),
      bytes: (0..<18).flatMap(Self.bytes))
    let labels = NumericArray(
      file: "y", shape: [6], format: ScalarFormat(kind: .unsigned, size: 1, isBigEndian: false),
      bytes: [0, 1, 2, 2, 1, 0])
    func write(_ bytes: [UInt8], _ name: String) throws {
      try Data(bytes).write(to: URL(filePath: folder / name))
    }
    try write(inputs.npy, "x.npy")
    try write(labels.npy, "y.npy")
    try requireCopy(
      "train: {format: npy, inputs: x.npy, labels: y.npy}\nclasses: 3\n",
      files: ["x.npy", "y.npy"],
      in: folder)
    // A column-major array is written row by row.
    var turned = inputs
    turned.isColumnMajor = true
    #expect(
      turned.rows([1]).bytes
        == [1, 7, 13].flatMap(Self.bytes))
    try write(ZipWriter.archive([("inputs.npy", inputs.npy), ("labels.npy", labels.npy)]), "a.npz")
    let rows = try ScratchFolder()
    try FileManager.default.copyItem(atPath: folder / "a.npz", toPath: rows / "a.npz")
    let from = try configuration(
      "train: {format: npz, path: a.npz, rows: [2, 6]}\nclasses: 3\n", in: rows)
    _ = try from.writeTraining([.row(3), .row(5)], to: rows / "copy")
    let copy = try configuration("train: {format: npz, path: copy/a.npz}\nclasses: 3\n", in: rows)
      .load().train
    #expect(copy.inputs.elements == [9, 10, 11, 15, 16, 17] && copy.classes == [2, 0])
  }

  @Test func `IDX, plain where it was compressed`() throws {
    let folder = try ScratchFolder()
    let pixels = (0..<24).map { UInt8($0) }
    try Data([0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 2] + pixels)
      .write(to: URL(filePath: folder / "x.idx"))
    try Data([0, 0, 8, 1, 0, 0, 0, 6, 0, 1, 2, 0, 1, 2]).write(to: URL(filePath: folder / "y.idx"))
    try requireCopy(
      "train: {format: idx, images: x.idx, labels: y.idx}\n", files: ["x.idx", "y.idx"], in: folder)
  }

  @Test func `passages of a running text are refused`() throws {
    let folder = try ScratchFolder()
    try Data("abcdefghijklmnop".utf8).write(to: URL(filePath: folder / "t.txt"))
    let from = try configuration(
      "train: {format: text, path: t.txt, length: 4, tokens: bytes}\n", in: folder)
    let error = diagnosed { _ = try from.writeTraining([.row(0)], to: folder / "copy") }
    #expect(error?.what == "passages of a running text cannot be taken out of it.")
    #expect(!FileManager.default.fileExists(atPath: folder / "copy"))
  }
}
