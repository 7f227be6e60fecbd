import Datasets
import TestSupport
import Testing

private func npz(
  _ inputs: String, file: String = "kinds.npz", labels: String = "labels", more: String = "",
  task: String = "classification"
) -> String {
  let source = "{format: npz, path: \(file), inputs: \(inputs), labels: \(labels)\(more)}"
  return "train: \(source)\ntest: \(source)\ntask: \(task)\n"
}

/// An npy file of version 1 with any header text.
func npy(_ header: String, _ data: [UInt8] = [], version: [UInt8] = [1, 0]) -> [UInt8] {
  let text = Array((header + "\n").utf8)
  return [0x93] + Array("NUMPY".utf8) + version
    + [UInt8(text.count & 255), UInt8(text.count >> 8)] + text + data
}

/// Files by tools/reference/make_arrays.py: 4 × 3, value p − 3 (unsigned p, bool p odd).
@Suite struct ArrayFileTests {
  static let signed = (0..<12).map { (p: Int) in Float(p - 3) }

  @Test(
    arguments: ["kinds.npz", "kinds-deflated.npz"],
    [
      "i1", "le_i2", "le_i4", "le_i8", "be_i2", "be_i4", "be_i8", "le_f2", "le_f4", "le_f8",
      "be_f2", "be_f4", "be_f8", "column_major", "version_2", "version_3",
    ])
  func everyKindOfNumberAndOrderIsRead(file: String, name: String) throws {
    let data = try loadData(npz(name, file: file), in: fixtures)
    #expect(data.train.inputs.shape == [4, 3])
    #expect(data.train.inputs.elements == Self.signed)
    #expect(data.train.classes == [2, 0, 1, 2])
  }

  @Test(arguments: ["u1", "le_u2", "le_u4", "le_u8", "be_u2", "be_u4", "be_u8"])
  func unsignedNumbersAreRead(name: String) throws {
    #expect(
      try loadData(npz(name), in: fixtures).train.inputs.elements
        == (0..<12).map { (p: Int) in Float(p) })
  }

  @Test func truthIsZeroOrOne() throws {
    #expect(
      try loadData(npz("b1"), in: fixtures).train.inputs.elements
        == (0..<12).map { (p: Int) in Float(p % 2) })
  }

  @Test func namesAndIdsHaveDefaultsAndChoices() throws {
    let source = "{format: npz, path: savez.npz}"
    let data = try loadData("train: \(source)\ntest: \(source)", in: fixtures)
    #expect(data.train.inputs.elements == Self.signed)
    let named = try loadData(npz("i1", more: ", ids: ids"), in: fixtures)
    #expect(named.train.ids == [.row(30), .row(10), .row(20), .row(40)])
  }

  @Test func regressionTargetsMayHaveSeveralOutputs() throws {
    let data = try loadData(npz("i1", labels: "le_f8", task: "regression"), in: fixtures)
    #expect(data.train.targets == .values(.init(Self.signed, shape: [4, 3])))
  }

  @Test func loneArraysAreRead() throws {
    let folder = try DataFolder()
    let header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2, 2), }"
    try folder.write(npy(header, [0, 1, 2, 3, 4, 5, 6, 7]), to: "x.npy")
    try folder.write(
      npy("{'shape': (2L,), 'fortran_order': False, 'descr': '>i2'}", [0, 9, 0, 7]), to: "y.npy")
    let source = "{format: npy, inputs: x.npy, labels: y.npy}"
    let data = try folder.load("train: \(source)\ntest: \(source)\nscale: false")
    #expect(data.train.inputs.elements == [0, 4, 2, 6, 1, 5, 3, 7])
    // Bytes of pictures are scaled as those of IDX files are.
    let scaled = try folder.load("train: \(source)")
    #expect(scaled.normalisation == Normalisation(scale: [0, 255]))
    #expect(data.train.classNames == ["7", "9"])
  }

  @Test func anHDF5FileIsRead() throws {
    let source = "{format: hdf5, path: arrays.h5, labels: group/labels, ids: names}"
    let data = try loadData("train: \(source)\ntest: \(source)", in: fixtures)
    #expect(data.train.inputs.shape == [4, 3, 1])
    #expect(data.train.inputs.elements == Self.signed)
    #expect(data.train.classes == [2, 0, 1, 2])
    #expect(data.train.ids == ["d", "b", "a", "c"].map { .name($0) })
    let numbered = source.replacing("names", with: "numbers")
    let other = try loadData("train: \(numbered)\ntest: \(numbered)", in: fixtures)
    #expect(other.train.ids == [.row(7), .row(5), .row(6), .row(8)])
  }

  @Test func unknownArraysAreNamedWithTheKnownOnes() {
    let yaml = npz("inputs", file: "savez.npz", labels: "label")
    let error = diagnosed { _ = try loadData(yaml, in: "nowhere") }
    #expect(error?.what == "there is no file nowhere/savez.npz.")
    let text = diagnosed { _ = try loadData(yaml, in: fixtures) }?.description
      .replacingOccurrences(of: fixtures, with: "F")
    #expect(
      text == """
        error: there is no array `label`; did you mean `labels`?
          at:  F/savez.npz
          fix: choose one of inputs, labels.
        """)
    let source = "{format: hdf5, path: arrays.h5, labels: labels}"
    let hdf5 = diagnosed { _ = try loadData("train: \(source)\ntest: \(source)", in: fixtures) }
    #expect(hdf5?.remedy == "choose one of group/labels, inputs, names, numbers, packed.")
    #expect(hdf5?.what == "there is no array `labels`.")
  }

  static let headers: [(bytes: [UInt8], text: String)] = [
    (
      Array("PK".utf8),
      """
      error: F/x.npy is not npy: it begins with 50 4b.
        at:  F/x.npy
        fix: set `format` to what the file is.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", version: [4, 0]),
      """
      error: npy version 4.0 cannot be read.
        at:  F/x.npy, byte 6
        fix: write it as version 1, 2 or 3.
      """
    ),
    (
      npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2, 1)}"),
      """
      error: the element type `<c8` cannot be read.
        at:  F/x.npy, byte 10
        fix: write it as bool, int8 to int64, uint8 to uint64, float16, float32, float64 or text.
      """
    ),
    (
      npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 1)}"),
      """
      error: a structured array cannot be read.
        at:  F/x.npy, byte 10
        fix: write it as bool, int8 to int64, uint8 to uint64, float16, float32, float64 or text.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False}"),
      """
      error: the file is damaged: descr, fortran_order or shape is missing.
        at:  F/x.npy, byte 10
        fix: get the file again, or write it anew.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", [0, 0, 0]),
      """
      error: the data ends early: 8 bytes needed, 3 there.
        at:  F/x.npy, byte 68
        fix: get the file again; the copy is not whole.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9)}"),
      """
      error: the file is damaged: the header claims shape [0, 9223372036854775807, 9].
        at:  F/x.npy, byte 10
        fix: get the file again, or write it anew.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 2)}"),
      """
      error: the file is damaged: the shape.
        at:  F/x.npy, byte 10
        fix: get the file again, or write it anew.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}", [0, 0, 0, 0, 9, 9]),
      """
      error: 2 bytes follow the data.
        at:  F/x.npy, byte 72
        fix: get the file again, or write it anew; its header and data disagree.
      """
    ),
    (
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1)}", [0, 0, 0x80, 0x7F]),
      """
      error: inf is not a finite Float32.
        at:  F/x.npy, [0, 0]
        fix: correct the value or remove the example.
      """
    ),
  ]

  @Test(arguments: headers.indices)
  func eachFailureSaysWhatWhereAndWhatToDo(index: Int) throws {
    let folder = try DataFolder()
    try folder.write(Self.headers[index].bytes, to: "x.npy")
    try folder.write(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", [0]), to: "y")
    let source = "{format: npy, inputs: x.npy, labels: y}"
    #expect(folder.failure("train: \(source)\ntest: \(source)") == Self.headers[index].text)
  }

  @Test func aFlippedByteOfAnArrayInAZipIsNoticed() throws {
    let folder = try DataFolder()
    var data = try bytes(of: fixtures + "/savez.npz")
    data[200] ^= 1
    try folder.write(data, to: "a.npz")
    let source = "{format: npz, path: a.npz}"
    #expect(
      folder.failure("train: \(source)\ntest: \(source)")?.hasPrefix(
        "error: the file is damaged: its checksum is wrong.\n  at:  F/a.npz, array inputs.npy")
        == true)
  }
}
