import Foundation
import Testing
import TestSupport

@testable import Storage

@Suite struct HDF5Tests {
  @Test func numbersTextsAndAttributesComeBackAsWritten() throws {
    let folder = try ScratchFolder()
    let path = folder / "a b ü.h5"
    do {
      let file = try HDF5File(creating: path)
      try file.write([1.5, -2, 3] as [Float], shape: [3], to: "x/floats")
      try file.write([1.5, -2, 3, 4, 5, 6] as [Double], shape: [3, 2], to: "x/doubles")
      try file.write([1, -2] as [Int32], shape: [2], to: "y/ints")
      try file.write([Int64.min, .max] as [Int64], shape: [2], to: "y/z/longs")
      try file.write([0, 255, 7] as [UInt8], shape: [1, 3], to: "bytes")
      try file.write(["", "é", "long text"], to: "texts")
      try file.setAttribute("a", .text("ü"), on: "x")
      try file.setAttribute("b", .texts(["1", ""]), on: "x")
      try file.setAttribute("0", .integer(-3), on: "x")
      try file.setAttribute("n", .number(0.1), on: "bytes")
      try file.setAttribute("l", .integers([1, 2]))
      try file.setAttribute("m", .numbers([]))
    }
    let file = try HDF5File(reading: path)
    #expect(try file.dataset("x/floats").read(Float.self) == [1.5, -2, 3])
    #expect(try file.dataset("x/doubles").read(rows: 1..<3, Double.self) == [3, 4, 5, 6])
    #expect(try file.dataset("y/ints").read(Int32.self) == [1, -2])
    #expect(try file.dataset("y/ints").read(Int64.self) == [1, -2])
    #expect(try file.dataset("y/z/longs").read(Int64.self) == [.min, .max])
    #expect(try file.dataset("bytes").read(UInt8.self) == [0, 255, 7])
    #expect(try file.dataset("texts").readStrings() == ["", "é", "long text"])
    #expect(try file.attributeNames(of: "x") == ["a", "b", "0"])
    #expect(try file.attribute("a", of: "x") == .text("ü"))
    #expect(try file.attribute("b", of: "x") == .texts(["1", ""]))
    #expect(try file.attribute("0", of: "x") == .integer(-3))
    #expect(try file.attribute("n", of: "bytes") == .number(0.1))
    #expect(try file.attribute("l") == .integers([1, 2]))
    #expect(try file.children(of: "") == ["bytes", "texts", "x", "y"])
    #expect(
      try file.datasetNames()
        == ["bytes", "texts", "x/doubles", "x/floats", "y/ints", "y/z/longs"])
  }

  @Test func theSameContentsGiveTheSameBytes() throws {
    let folder = try ScratchFolder()
    func write(_ name: String) throws -> [UInt8] {
      let path = folder / name
      do {
        let file = try HDF5File(creating: path)
        for group in 0..<12 {
          try file.write([Float(group), 2], shape: [2], to: "g/h\(group)/values")
          try file.setAttribute("k\(group)", .text("value \(group)"), on: "g")
          try file.setAttribute("k\(group)", .number(0.5))
        }
        try file.write((0..<500).map { "text \($0)" }, to: "texts")
      }
      return try folder.bytes(name)
    }
    let first = try write("1.h5")
    Thread.sleep(forTimeInterval: 1.1)
    #expect(try write("2.h5") == first)
  }

  @Test func integersAreNotReadFromFractionsNorClipped() throws {
    let folder = try ScratchFolder()
    let path = folder / "a.h5"
    let file = try HDF5File(creating: path)
    try file.write([0.5] as [Float], shape: [1], to: "f")
    try file.write([1 << 40] as [Int64], shape: [1], to: "l")
    #expect(
      throws: StorageError.wrongType(name: "f", expected: "int64", found: "float32", file: path)
    ) { try file.dataset("f").read(Int64.self) }
    #expect(
      throws: StorageError.wrongType(name: "l", expected: "int32", found: "int64", file: path)
    ) { try file.dataset("l").read(Int32.self) }
    #expect(throws: StorageError.missingObject(name: "a/b", file: path)) {
      try file.dataset("a/b")
    }
    #expect(throws: StorageError.invalidName(name: "x\0y", problem: "it holds a NUL character")) {
      try file.setAttribute("k", .text("x\0y"))
    }
  }

  @Test func garbageAndEmptyFilesAreErrorsWithTheLibrarysAccount() throws {
    let folder = try ScratchFolder()
    for (name, bytes) in [("empty", []), ("garbage", [UInt8](repeating: 7, count: 3000))] {
      try AtomicFile.write(bytes, to: folder / name)
      do {
        _ = try HDF5File(reading: folder / name)
        Issue.record("opened \(name)")
      } catch {
        guard case .hdf5("open the file", "", folder / name, let stack) = error else {
          Issue.record("\(error)")
          continue
        }
        #expect(stack.contains("H5F_open"))
        #expect(error.exitCode == 3)
      }
    }
    #expect(throws: StorageError.system(operation: "open the file", path: folder / "no", code: 2)) {
      try HDF5File(reading: folder / "no")
    }
    #expect(
      throws: StorageError.system(operation: "read the file", path: folder.path, code: EISDIR)
    ) { try HDF5File(reading: folder.path) }
  }
}
