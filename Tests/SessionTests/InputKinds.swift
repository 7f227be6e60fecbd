import Ascribe
import Foundation
import Images
import Storage
import TestSupport
import Testing

/// A run on data of one kind, and files with one of its test examples.
struct InputKind: CustomTestStringConvertible, Sendable {
  let name: String
  let data: String
  var model = "{kind: mlp, hidden: [6]}"
  /// The test example, and f of the scores that are compared.
  let id: String
  /// A file of that example: with its label where the kind has labels in it, then without.
  let files: [String]
  let write: @Sendable (ScratchFolder) throws -> Void

  var testDescription: String { name }

  /// Trains for two epochs in a folder of its own.
  func trained() throws -> (session: Session, notes: NoteList, scratch: ScratchFolder) {
    let scratch = try ScratchFolder()
    try write(scratch)
    try put(
      """
      name: k
      data:
      \(data.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
      model: \(model)
      training: {rate: 0.1, epochs: 2, batch: 4, seed: 0}

      """, scratch / "k.yaml")
    let run = try TrainJob(scratch / "k.yaml", checkpointsFolder: scratch / "Checkpoints").run().run
    let notes = NoteList()
    return (Session(run, control: JobControl(note: { notes.add($0) })), notes, scratch)
  }

  /// 4 × 4 pictures of two classes.
  static func pixels(_ row: Int) -> [UInt8] {
    (0..<16).map { UInt8(($0 * 37 + row * 53 + ($0 / 4 % 2 == row % 2 ? 90 : 0)) % 256) }
  }

  static let all = [
    table, namedTable, idx, npy, hdf5Run, hdf5, folder, text, lines, classes, tokens, tokenClasses,
  ]

  private static func row(_ i: Int) -> String {
    pixels(i)[..<4].map { String(format: "%.3f", Double($0) / 100) }.joined(separator: ",")
  }

  static let table = InputKind(
    name: "a table without a header",
    data: """
      source: {format: csv, path: t.csv, label: first}
      split: {test: 4}
      standardise: true
      """, id: "", files: ["labelled.csv", "bare.csv"]
  ) { scratch in
    try put((0..<16).map { "\($0 % 2 == 0 ? "a" : "b"),\(row($0))\n" }.joined(), scratch / "t.csv")
  }

  static let namedTable = InputKind(
    name: "a table with a header and ids, its columns in another order",
    data: """
      train: {format: csv, path: t.csv, label: y, id: key, ignore: [extra]}
      test: {format: csv, path: t.csv, label: y, id: key, ignore: [extra]}
      scale: [0, 3]
      """, id: "k5", files: ["labelled.csv", "bare.csv"]
  ) { scratch in
    let lines = (0..<16).map { "k\($0),\(row($0)),9,\($0 % 2)\n" }
    try put("key,p,q,r,s,extra,y\n" + lines.joined(), scratch / "t.csv")
    let values = row(5).split(separator: ",")
    let order = [values[3], values[0], values[2], values[1]].joined(separator: ",")
    try put("y,s,p,r,q\n1,\(order)\n", scratch / "labelled.csv")
    try put("s,p,r,q\n\(order)\n", scratch / "bare.csv")
  }

  static let idx = InputKind(
    name: "IDX and a picture",
    data: """
      train: {format: idx, images: i.idx, labels: l.idx}
      test: {format: idx, images: i.idx, labels: l.idx}
      standardise: {mean: 0.5, std: 0.25}
      """, id: "5", files: ["one.idx", "flat.idx", "one.png"]
  ) { scratch in
    let n: UInt8 = 16
    try put(
      [0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 4, 0, 0, 0, 4] + (0..<16).flatMap(pixels),
      scratch / "i.idx")
    try put([0, 0, 8, 1, 0, 0, 0, n] + (0..<n).map { $0 % 2 }, scratch / "l.idx")
    try put([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 4] + pixels(5), scratch / "one.idx")
    try put([0, 0, 8, 2, 0, 0, 0, 4, 0, 0, 0, 4] + pixels(5), scratch / "flat.idx")
    try put(PNG.encode(gray: pixels(5), width: 4, height: 4), scratch / "one.png")
  }

  private static func arrays(_ scratch: ScratchFolder) throws {
    let all = (0..<16).flatMap { pixels($0).map { Float($0) } }
    try put(NPY.bytes(all, [16, 16]), scratch / "x.npy")
    try put(NPY.bytes((0..<16).map { Float($0 % 2) }, [16]), scratch / "y.npy")
    try put(NPY.bytes(Array(all[80..<96]), [1, 16]), scratch / "one.npy")
    try put(NPY.bytes(Array(all[80..<96]), [16]), scratch / "flat.npy")
    for (name, rows) in [("all.h5", 0..<16), ("one.h5", 5..<6)] {
      let file = try HDF5File(creating: scratch / name)
      try file.write(
        Array(all[rows.lowerBound * 16..<rows.upperBound * 16]), shape: [rows.count, 16],
        to: "x")
      try file.write(rows.map { Float($0 % 2) }, shape: [rows.count], to: "y")
    }
  }

  static let npy = InputKind(
    name: "npy",
    data: """
      train: {format: npy, inputs: x.npy, labels: y.npy}
      test: {format: npy, inputs: x.npy, labels: y.npy}
      scale: [0, 255]
      """, id: "5", files: ["one.npy", "flat.npy"], write: arrays)

  static let hdf5Run = InputKind(
    name: "HDF5, asked with an npy",
    data: """
      train: {format: hdf5, path: all.h5, inputs: x, labels: y}
      test: {format: hdf5, path: all.h5, inputs: x, labels: y}
      standardise: columns
      """, id: "5", files: ["flat.npy"], write: arrays)

  static let hdf5 = InputKind(
    name: "HDF5, with its label",
    data: hdf5Run.data, id: "5", files: ["one.h5"], write: arrays)

  static let folder = InputKind(
    name: "a folder of pictures that are resized and made gray",
    data: """
      train: {format: images, path: p, size: [5, 3], channels: 1}
      test: {format: images, path: p, size: [5, 3], channels: 1}
      standardise: global
      """, id: "b/5.png", files: ["new.png"]
  ) { scratch in
    for name in ["p", "p/a", "p/b"] {
      try FileManager.default.createDirectory(
        atPath: scratch / name, withIntermediateDirectories: true)
    }
    for i in 0..<16 {
      let rgb = pixels(i) + pixels(i + 3) + pixels(i + 7)
      let png = try PNG.encode(rgb: rgb, width: 4, height: 4)
      try put(png, scratch / "p/\(i % 2 == 0 ? "a" : "b")/\(i).png")
      if i == 5 { try put(png, scratch / "new.png") }
    }
  }

  private static let gpt = "{kind: gpt2, layers: 1, heads: 1, width: 8}"
  private static let passage = (0..<20).map { "line \($0) repeats. " }.joined()

  static let text = InputKind(
    name: "a text for a language model",
    data: """
      source: {format: text, path: t.txt, length: 12}
      split: {test: 6}
      """, model: gpt, id: "", files: ["one.txt"]
  ) { try put(passage, $0 / "t.txt") }

  private static func document(_ i: Int) -> String { String(passage.dropFirst(7 * i).prefix(20)) }

  static let lines = InputKind(
    name: "JSON lines and a text for a language model, cut off",
    data: """
      train: {format: jsonl, path: t.jsonl, length: 12, id: key}
      test: {format: jsonl, path: t.jsonl, length: 12, id: key}
      """, model: gpt, id: "d5", files: ["one.jsonl", "one.txt"]
  ) { scratch in
    let lines = (0..<16).map { #"{"text": "\#(document($0))", "key": "d\#($0)"}"# }
    try put(lines.joined(separator: "\n"), scratch / "t.jsonl")
    try put(#"{"text": "\#(document(5))"}"#, scratch / "one.jsonl")
    try put(document(5) + "\n", scratch / "one.txt")
  }

  static let classes = InputKind(
    name: "a text for a classifier, padded",
    data: """
      train: {format: jsonl, path: t.jsonl, length: 24, label: y, tokens: bytes}
      test: {format: jsonl, path: t.jsonl, length: 24, label: y, tokens: bytes}
      """, model: "{kind: bert, layers: 1, heads: 1, width: 8}", id: "doc:5",
    files: ["labelled.jsonl", "one.txt"]
  ) { scratch in
    let lines = (0..<16).map { #"{"text": "\#(document($0))", "y": "\#($0 % 2)"}"# }
    try put(lines.joined(separator: "\n"), scratch / "t.jsonl")
    try put(lines[5], scratch / "labelled.jsonl")
    try put(document(5) + "\n", scratch / "one.txt")
  }

  static let tokenClasses = InputKind(
    name: "tokens of a classifier",
    data: """
      train: {format: npy, inputs: t.npy, labels: y.npy}
      test: {format: npy, inputs: t.npy, labels: y.npy}
      """, model: "{kind: bert, layers: 1, heads: 1, width: 8, vocabulary: 9}", id: "5",
    files: ["flat.npy"]
  ) { scratch in
    let ids = (0..<96).map { Float(1 + $0 * 5 % 8) }
    try put(NPY.bytes(ids, [16, 6]), scratch / "t.npy")
    try put(NPY.bytes((0..<16).map { Float($0 % 2) }, [16]), scratch / "y.npy")
    try put(NPY.bytes(Array(ids[30..<36]), [6]), scratch / "flat.npy")
    try put(NPY.bytes([1, 2, 3, 4, 5, 9], [6]), scratch / "bad.npy")
  }

  static let tokens = InputKind(
    name: "an array of tokens, shorter than the run's",
    data: """
      train: {format: npy, path: t.npy, vocabulary: 9}
      test: {format: npy, path: t.npy, vocabulary: 9}
      """, model: gpt, id: "5", files: ["one.npy", "flat.npy"]
  ) { scratch in
    let ids: [Float] = (0..<128).map { place in
      let (i, token) = (place / 8, place % 8)
      return token < 6 ? Float((i * 3 + token) % 9) : -1
    }
    try put(NPY.bytes(ids, [16, 8]), scratch / "t.npy")
    try put(NPY.bytes(Array(ids[40..<48]), [1, 8]), scratch / "one.npy")
    try put(NPY.bytes(Array(ids[40..<46]), [6]), scratch / "flat.npy")
  }
}

/// Arrays of numpy.
enum NPY {
  static func bytes(_ values: [Float], _ shape: [Int]) -> [UInt8] {
    let sizes = shape.map { "\($0)," }.joined()
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }\n"
    let length = UInt16(header.utf8.count)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
      + Array(header.utf8)
      + values.flatMap { value in
        withUnsafeBytes(of: value.bitPattern.littleEndian, Array.init)
      }
  }
}

func put(_ text: String, _ path: String) throws { try put(Array(text.utf8), path) }

func put(_ bytes: [UInt8], _ path: String) throws {
  try Data(bytes).write(to: URL(fileURLWithPath: path))
}
