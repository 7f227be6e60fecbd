import Foundation
import Testing

@testable import Tensors

@Suite struct MemoryTests {
  @Test("work within the memory is let through, more is refused with both sizes")
  func limit() throws {
    try Memory.require(1e9, for: "x", remedy: "y", bound: (.machine, 1_000_000_000))
    let error = #expect(throws: MemoryError.self) {
      try Memory.require(
        4e12, for: "training 10 parameters", remedy: "train fewer.",
        bound: (.machine, 16_000_000_000))
    }
    #expect(
      error?.description == """
        error: training 10 parameters needs at least 4000.0 GB of memory; this machine has 16.0 GB.
          at:  this machine's memory
          fix: train fewer.
        """)
    #expect(error?.exitCode == 1)
    #expect(Memory.physical > 1 << 20)
  }

  @Test("sizes that are no number are refused")
  func notANumber() {
    for bytes in [Double.nan, .infinity] {
      #expect(throws: MemoryError.self) {
        try Memory.require(bytes, for: "x", remedy: "y", bound: (.machine, .max))
      }
    }
  }
}

/// Limits below the machine's memory.
@Suite struct MemoryLimitTests {
  @Test("each limit names itself")
  func texts() {
    let places = [
      (MemoryLimit.addressSpace, "the limit of address space leaves 1.0 GB", "(ulimit -v"),
      (.controlGroup, "the control group may have 1.0 GB", "(memory.max)"),
    ]
    for (limit, what, location) in places {
      let error = #expect(throws: MemoryError.self) {
        try Memory.require(2e9, for: "x", remedy: "y.", bound: (limit, 1_000_000_000))
      }
      #expect(error?.what == "x needs at least 2.0 GB of memory; \(what).")
      #expect(error?.location.contains(location) == true)
    }
    #expect(Memory.available <= Memory.physical)
  }

  @Test("a control group has the least of its own limit and those above it")
  func groups() throws {
    let root = NSTemporaryDirectory() + "/ascribe-groups-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: root) }
    try FileManager.default.createDirectory(
      atPath: root + "/a/b", withIntermediateDirectories: true)
    func write(_ text: String, _ name: String) throws {
      try Data(text.utf8).write(to: URL(fileURLWithPath: root + "/" + name))
    }
    let membership = root + "/cgroup"
    func limit() -> Int? { ControlGroup.limit(membership: membership, root: root) }
    #expect(limit() == nil)
    try write("1:cpu:/x\n0::/a/b\n", "cgroup")
    try write("max\n", "a/b/memory.max")
    #expect(limit() == nil)
    try write("5000\n", "a/memory.max")
    #expect(limit() == 5_000)
    try write("7000\n", "a/b/memory.max")
    #expect(limit() == 5_000)
    try write("300\n", "memory.max")
    #expect(limit() == 300)
    try write("0::/\n", "cgroup")
    #expect(limit() == 300)
  }

  @Test("without a limit of addresses none is counted; a page fits, all of them do not")
  func addresses() {
    #expect((AddressSpace.limit == nil) == (AddressSpace.room == nil))
    #expect(AddressSpace.mapped > 1 << 20)
    #expect(AddressSpace.hasRoom(for: 4_096))
    #expect(!AddressSpace.hasRoom(for: 1 << 60))
  }
}
