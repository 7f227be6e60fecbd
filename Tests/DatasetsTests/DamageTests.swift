import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

/// Damaged files are read or refused with a diagnosable error; nothing ends the process.
@Suite struct DamageTests {
  struct Case: Sendable {
    var file: String
    var yaml: String
  }

  static let cases: [Case] = [
    Case(file: "table.csv", yaml: "{format: csv, path: table.csv, id: key}"),
    Case(file: "images-08.idx", yaml: "{format: idx, images: images-08.idx, labels: labels.idx}"),
    Case(file: "labels.idx", yaml: "{format: idx, images: images-08.idx, labels: labels.idx}"),
    Case(file: "images.idx.gz", yaml: "{format: idx, images: images.idx.gz, labels: labels.idx}"),
    Case(file: "x.npy", yaml: "{format: npy, inputs: x.npy, labels: x.npy}"),
    Case(file: "savez.npz", yaml: "{format: npz, path: savez.npz}"),
    Case(
      file: "kinds-deflated.npz",
      yaml: "{format: npz, path: kinds-deflated.npz, inputs: column_major, ids: ids}"),
    Case(file: "images/u/a.png", yaml: "{format: images, path: images, size: [4, 4]}"),
    Case(file: "images/v/b.jpg", yaml: "{format: images, path: images, size: [4, 4]}"),
    Case(
      file: "arrays.h5",
      yaml: "{format: hdf5, path: arrays.h5, labels: group/labels, ids: names}"),
  ]

  static let table = "key,x,\"y, z\",label\na,1,2.5,u\n\"b \"\"q\"\"\",-3e2,0.125,v\nc,4,5,u\n"
  static let npy =
    Array("\u{93}NUMPY".unicodeScalars.map { UInt8($0.value) }) + [1, 0, 70, 0]
    + Array("{'descr': '<i2', 'fortran_order': False, 'shape': (3, 1), }".utf8)
    + [UInt8](repeating: 32, count: 10) + [10, 1, 0, 2, 0, 3, 0]

  static func folder() throws -> DataFolder {
    let folder = try DataFolder()
    for name in [
      "images-08.idx", "labels.idx", "images.idx.gz", "savez.npz", "arrays.h5",
      "kinds-deflated.npz",
    ] {
      try folder.write(try bytes(of: fixtures + "/" + name), to: name)
    }
    for name in ["u", "v"] {
      try FileManager.default.createDirectory(
        atPath: folder.path + "/images/" + name, withIntermediateDirectories: true)
    }
    for (file, name) in [("colour/cat/a.png", "u/a.png"), ("colour/dog/z.jpg", "v/b.jpg")] {
      try folder.write(try bytes(of: fixture("Images/" + file)), to: "images/" + name)
    }
    try folder.write(Self.table, to: "table.csv")
    try folder.write(Self.npy, to: "x.npy")
    return folder
  }

  /// HDF5 is left out: libhdf5 1.10.8 itself crashes on a few of thousands of random flips.
  @Test(arguments: cases.indices.filter { cases[$0].file != "arrays.h5" })
  func aDamagedFileNeverEndsTheProcess(index: Int) throws {
    let folder = try Self.folder()
    let damage = Self.cases[index]
    let yaml = "train: \(damage.yaml)\ntest: \(damage.yaml)\nstandardise: true\n"
    let whole = try bytes(of: folder.path + "/" + damage.file)
    _ = try folder.load(yaml)
    var refused = 0
    let seeds = fuzzSeeds(100)
    for seed in 0..<seeds {
      try folder.write(damaged(whole, seed: seed), to: damage.file)
      do {
        let data = try folder.load(yaml)
        #expect(data.train.inputs.elements.allSatisfy { $0.isFinite }, "seed \(seed)")
      } catch {
        #expect(error is any DiagnosableError, "seed \(seed): \(error)")
        refused += 1
      }
    }
    #expect(refused > seeds / 10)
  }

  @Test(arguments: cases.indices)
  func everyTruncationIsReadOrRefused(index: Int) throws {
    let folder = try Self.folder()
    let damage = Self.cases[index]
    let yaml = "train: \(damage.yaml)\ntest: \(damage.yaml)\n"
    let whole = try bytes(of: folder.path + "/" + damage.file)
    let step = max(1, whole.count / 100)
    for length in stride(from: 0, to: whole.count, by: step) {
      try folder.write(Array(whole[..<length]), to: damage.file)
      do {
        _ = try folder.load(yaml)
        // A table cut after a line is a shorter table.
        #expect(damage.file == "table.csv", "\(damage.file) cut to \(length)")
      } catch {
        #expect(error is any DiagnosableError, "\(length): \(error)")
      }
    }
  }

  @Test(arguments: 0..<100)
  func aChangedNumberOfAnHDF5FileIsReadOrRefused(seed: Int) throws {
    let folder = try Self.folder()
    let yaml = "train: \(hdf5)\ntest: \(hdf5)"
    let before = try folder.load(yaml).train
    var data = try bytes(of: folder.path + "/arrays.h5")
    let numbers = before.inputs.elements.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) }
    }
    let start = try #require(data.indices.first { data[$0...].starts(with: numbers) })
    data[start + seed * 7 % numbers.count] ^= 1 << UInt8(seed % 8)
    try folder.write(data, to: "arrays.h5")
    do {
      let after = try folder.load(yaml).train
      #expect(after.contentHash != before.contentHash)
      #expect(after.inputs.elements.allSatisfy { $0.isFinite })
    } catch {
      #expect(error is DatasetError, "seed \(seed): \(error)")
    }
  }
}

private let hdf5 = "{format: hdf5, path: arrays.h5, labels: group/labels, ids: names}"
