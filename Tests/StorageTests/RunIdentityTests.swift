import Foundation
import Tensors
import TestSupport
import Testing

@testable import Storage

@Suite("The identity of a run")
struct RunIdentityTests {
  typealias Field = RunIdentity.Field
  typealias Kind = RunIdentity.FileKind

  private func mismatch(
    _ expected: Fingerprint, _ found: Fingerprint, _ purpose: Fingerprint.Purpose
  ) -> String? {
    mismatchedField {
      try Fingerprint.requireEqual(expected: expected, found: found, file: "f.h5", for: purpose)
    }
  }

  @Test("each field changed alone is the one that is named", arguments: Kind.allCases)
  func changedAlone(kind: Kind) {
    let own = RunIdentity.sample
    let expected = own.fingerprint(of: kind)
    #expect(expected.fields.map(\.name) == kind.fields.map(\.rawValue))
    #expect(mismatch(expected, expected, .goingOn) == nil)
    for field in kind.fields where field != .engine {
      // `model` is of the checkpoints' names too, and comes first.
      if field == .checkpoints && kind.fields.contains(.model) { continue }
      let found = own.changing(field).fingerprint(of: kind)
      #expect(mismatch(expected, found, .goingOn) == field.rawValue, "\(field)")
      let whenRead = field.isOfMachine ? nil : field.rawValue
      #expect(mismatch(expected, found, .reading) == whenRead, "\(field)")
    }
  }

  @Test("a field of one side alone, or of another engine, is named too", arguments: Kind.allCases)
  func absent(kind: Kind) {
    let whole = RunIdentity.sample.fingerprint(of: kind)
    for field in kind.fields {
      let (changed, missing) = (
        whole.changing(field.rawValue), whole.changing(field.rawValue, isLeftOut: true)
      )
      for other in [changed, missing] {
        #expect(mismatch(whole, other, .goingOn) == field.rawValue, "\(field)")
        #expect(mismatch(other, whole, .goingOn) == field.rawValue, "\(field)")
      }
    }
  }

  @Test("what a kind of file does not depend on does not change it", arguments: Kind.allCases)
  func independent(kind: Kind) {
    let own = RunIdentity.sample
    // The examples and the checkpoints' names have several fields.
    let sharing: Set<Field> = [.dataset, .test, .queries, .checkpoints, .model, .engine]
    for field in Field.allCases where !kind.fields.contains(field) && !sharing.contains(field) {
      #expect(own.changing(field).fingerprint(of: kind) == own.fingerprint(of: kind), "\(field)")
    }
  }

  @Test("the names and their order are those of the files' documentation")
  func names() {
    func names(_ kind: Kind) -> String { kind.fields.map(\.rawValue).joined(separator: " ") }
    let machine = "processorLevel blasCore blockBytes"
    #expect(
      names(.featureStore)
        == "model modelConfiguration lora dataset train layers engine \(machine)")
    #expect(
      names(.steps)
        == "modelConfiguration lora start training dataset layers engine processorLevel blasCore")
    #expect(
      names(.bank) == "modelConfiguration lora start training train test engine \(machine)")
    #expect(
      names(.shuffledLabels)
        == "modelConfiguration lora start training train checkpoints engine \(machine)")
    #expect(
      names(.scores)
        == "train queries model modelConfiguration lora start training layers engine \(machine)")
    #expect(
      names(.calibration)
        == "model modelConfiguration lora start training train test layers engine")
    #expect(
      names(.outputs) == "model modelConfiguration lora dataset checkpoints engine \(machine)")
    #expect(
      names(.states)
        == "modelConfiguration lora start training train engine processorLevel blasCore")
    #expect(Field.ofMachine.map(\.rawValue).joined(separator: " ") == machine)
  }

  @Test("weights are one digest of the checkpoints' names and hashes, in their order")
  func weights() {
    var identity = RunIdentity.sample
    let digest = SHA256.digest(of: "seed-0/epoch-001 hash 1\nseed-0/epoch-002 hash 2")
    #expect(identity.fingerprint(of: .scores)["model"] == "\(digest)")
    identity.weights.reverse()
    #expect(identity.fingerprint(of: .scores)["model"] != "\(digest)")
    identity.weights = []
    #expect(identity.fingerprint(of: .scores)["model"] == nil)
  }

  @Test("this process's machine is what it computes with")
  func machine() {
    let machine = RunIdentity.Machine(blasCore: "Zen")
    #expect(machine.processorLevel == Processor.level)
    #expect(machine.blockBytes == Memory.blockBytes)
  }

  @Test("a file that was made elsewhere is noted by what differs; a silent one is not")
  func note() {
    let own = RunIdentity.sample
    let file = own.fingerprint(of: .bank)
    #expect(own.machine.note(on: file) == nil)
    #expect(own.machine.note(on: Fingerprint()) == nil)
    #expect(
      own.changing(.blockBytes).machine.note(on: file)
        == "made elsewhere: bytes of a block 1048576 there, 1048577 here; "
        + "made here its numbers would differ by rounding")
  }

  @Test("the remedy for another machine is not the one for another model")
  func remedy() {
    func remedy(_ field: String) -> String {
      StorageError.fingerprintMismatch(field: field, expected: "a", found: "b", file: "f").remedy
    }
    #expect(
      remedy("blockBytes")
        == "go on where it was begun (processor, BLAS core, memory of a block), "
        + "or begin anew with ‹overwrites›.")
    #expect(
      remedy("model")
        == "use the file made for this model and data, or make it again with ‹overwrites›.")
  }

  @Test("banks that named the model's configuration `model` are read by the name of today")
  func presentNames() {
    let old = Fingerprint(["training": "t", "model": "{}", "engine": "e"])
    #expect(
      old.withPresentNames
        == Fingerprint(["training": "t", "modelConfiguration": "{}", "engine": "e"]))
    let new = RunIdentity.sample.fingerprint(of: .scores)
    #expect(new.withPresentNames == new)
  }
}

/// A store of four shards, made by two processes that agree or do not.
@Suite("Where a store is made")
struct StoreMachineTests {
  private let folder: ScratchFolder
  private let own = RunIdentity.sample

  init() throws { folder = try ScratchFolder() }

  private func writer(
    _ identity: RunIdentity, overwrite: Bool = false
  ) throws -> FeatureStoreWriter {
    try FeatureStoreWriter(
      path: folder / "s.h5", rows: 8, columns: 2, dtype: .float32, groups: ["g"],
      outputColumns: [], fingerprint: identity.fingerprint(of: .featureStore), rowsPerShard: 2,
      overwrite: overwrite)
  }

  private func write(_ rows: Range<Int>, with writer: FeatureStoreWriter) throws {
    try writer.write(
      group: "g", rows: rows, features: Matrix(repeating: 1, rows: rows.count, columns: 2))
  }

  private func makeWhole() throws {
    let writer = try writer(own)
    try write(0..<8, with: writer)
    try writer.finish(ids: .integers(Array(0..<8)), labels: .classes(Array(repeating: 0, count: 8)))
  }

  @Test(
    "half made, it is not gone on with where any field differs",
    arguments: RunIdentity.FileKind.featureStore.fields.filter { $0 != .engine })
  func half(field: RunIdentity.Field) throws {
    do { try write(0..<4, with: try writer(own)) }
    let before = try folder.contents()
    #expect(mismatchedField { _ = try writer(own.changing(field)) } == field.rawValue)
    #expect(try folder.contents() == before)
    #expect(try writer(own).missingRows(group: "g") == [4..<8])
    #expect(try writer(own.changing(field), overwrite: true).missingRows(group: "g") == [0..<8])
  }

  @Test("finished, it stays what it is on another machine", arguments: RunIdentity.Field.ofMachine)
  func finished(field: RunIdentity.Field) throws {
    try makeWhole()
    let before = try folder.contents()
    do {
      let writer = try writer(own.changing(field))
      #expect(writer.missingRows(group: "g").isEmpty)
      #expect(writer.fingerprint == own.fingerprint(of: .featureStore))
      try writer.finish(
        ids: .integers(Array(0..<8)), labels: .classes(Array(repeating: 0, count: 8)))
    }
    #expect(try folder.contents() == before)
    let expected = own.changing(field).fingerprint(of: .featureStore)
    #expect(try FeatureStoreReader(folder / "s.h5", expecting: expected).rows == 8)
  }

  @Test("a lost shard is not made again on another machine", arguments: RunIdentity.Field.ofMachine)
  func lostShard(field: RunIdentity.Field) throws {
    try makeWhole()
    let shard = try #require(
      try folder.contents().keys.first { $0.hasSuffix("00001.h5") })
    try FileManager.default.removeItem(atPath: folder / shard)
    #expect(mismatchedField { _ = try writer(own.changing(field)) } == field.rawValue)
    #expect(try writer(own).missingRows(group: "g") == [2..<4])
  }

  @Test("rows are not added on another machine", arguments: RunIdentity.Field.ofMachine)
  func extended(field: RunIdentity.Field) throws {
    try makeWhole()
    func extend(_ identity: RunIdentity) throws {
      _ = try FeatureStoreWriter(
        extending: folder / "s.h5", by: 2,
        fingerprint: identity.changing(.dataset).fingerprint(of: .featureStore))
    }
    #expect(mismatchedField { try extend(own.changing(field)) } == field.rawValue)
    #expect(mismatchedField { try extend(own) } == nil)
  }
}
