import Storage
import Tensors
import TestSupport
import Testing

@testable import Gradients

/// A store of four visits that says what it was made from.
@Suite("What a store of steps is made from")
struct StepIdentityTests {
  private let folder: ScratchFolder
  private let own = RunIdentity.sample

  init() throws { folder = try ScratchFolder() }

  private func fingerprint(
    _ identity: RunIdentity, function: String = "loss", projector: String = "mask",
    dtype: StorageType = .float32
  ) -> Fingerprint {
    StepGradientStore.fingerprint(
      identity, function: function, projector: projector, dtype: dtype)
  }

  private func writer(_ fingerprint: Fingerprint) throws -> FeatureStoreWriter {
    try FeatureStoreWriter(
      path: folder / "steps.h5", rows: 4, columns: 1, dtype: .float32,
      groups: [StepGradientStore.group(seed: 0)],
      outputColumns: StepGradientStore.outputColumns, fingerprint: fingerprint, rowsPerShard: 2)
  }

  private func write(_ rows: Range<Int>, with writer: FeatureStoreWriter) throws {
    try writer.write(
      group: StepGradientStore.group(seed: 0), rows: rows,
      features: Matrix(repeating: 1, rows: rows.count, columns: 1),
      outputs: Matrix(repeating: 0, rows: rows.count, columns: 5))
  }

  @Test(
    "a field of the run changed alone is the one that is named, half made and finished",
    arguments: RunIdentity.FileKind.steps.fields.filter { $0 != .engine })
  func changed(field: RunIdentity.Field) throws {
    do { try write(0..<2, with: try writer(fingerprint(own))) }
    let other = fingerprint(own.changing(field))
    #expect(mismatchedField { _ = try writer(other) } == field.rawValue)
    do {
      let writer = try writer(fingerprint(own))
      try write(2..<4, with: writer)
      try writer.finish(ids: .integers([0, 1, 2, 3]), labels: .classes([0, 0, 1, 1]))
    }
    let whenRead = mismatchedField {
      _ = try StepGradientStore(folder / "steps.h5", expecting: other)
    }
    #expect(whenRead == (field.isOfMachine ? nil : field.rawValue))
  }

  @Test("so is a choice of its own, and the engine")
  func ownChoices() {
    let expected = fingerprint(own)
    func named(_ found: Fingerprint) -> String? {
      mismatchedField {
        try Fingerprint.requireEqual(expected: expected, found: found, file: "f")
      }
    }
    #expect(named(expected) == nil)
    #expect(named(fingerprint(own, function: "margin")) == "outputFunction")
    #expect(named(fingerprint(own, projector: "sjlt")) == "projector")
    #expect(named(fingerprint(own, dtype: .float16)) == "dtype")
    #expect(named(expected.changing("at")) == "at")
    #expect(named(expected.changing("engine")) == "engine")
  }

  @Test("weights, queries and the test set are no part of it")
  func independent() {
    for field in [RunIdentity.Field.model, .train, .blockBytes] {
      #expect(fingerprint(own.changing(field)) == fingerprint(own), "\(field)")
    }
  }
}
