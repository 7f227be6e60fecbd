import Configuration
import Factors
import Foundation
import Storage
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite("Checkpoints")
struct CheckpointTests {
  let layout = [Parameter(name: "0.weight", shape: [1, 2], offset: 0)]
  let weights = Tensor([1.5, -2], shape: [2])
  let provenance = CheckpointProvenance(
    blasCore: "SkylakeX", run: "digits", seed: 3, epoch: 10, step: 90,
    configuration: .map(["rate": .double(0.05), "batch": .int(64)]),
    dataHashes: ["train": "aa", "test": "bb"],
    metrics: ModelMetrics(trainLoss: 0.1, trainAccuracy: 0.95, testLoss: 0.25))

  @Test("a checkpoint and its provenance are read as they were written")
  func roundTrip() throws {
    let folder = try ScratchFolder()
    let path = folder / "epoch-010.safetensors"
    let written = try Checkpoint.write(weights, layout: layout, provenance: provenance, to: path)
    let read = try Checkpoint(reading: path, layout: layout)
    #expect(read.parameters == weights)
    #expect(read.provenance == written)
    #expect(written.modelHash == modelHash(weights, layout: layout).description)
    #expect(written.metrics == provenance.metrics && written.engineVersion == Engine.version)
    #expect(try folder.contents().keys.sorted() == ["epoch-010.json", "epoch-010.safetensors"])
  }

  @Test("the same checkpoint gives the same bytes")
  func deterministic() throws {
    let folders = try [ScratchFolder(), ScratchFolder()]
    for folder in folders {
      try Checkpoint.write(
        weights, layout: layout, provenance: provenance, to: folder / "c.safetensors")
    }
    #expect(try folders[0].contents() == folders[1].contents())
  }

  @Test("every flipped byte of a checkpoint and of its provenance is noticed")
  func flippedBytes() throws {
    let folder = try ScratchFolder()
    let path = folder / "c.safetensors"
    try Checkpoint.write(weights, layout: layout, provenance: provenance, to: path)
    for (name, bytes) in try folder.contents() {
      for index in bytes.indices {
        for mask in [UInt8(1), 0x20, 0x80] {
          var changed = bytes
          changed[index] ^= mask
          try Data(changed).write(to: URL(fileURLWithPath: folder / name))
          #expect(throws: CheckpointError.self, "\(name), byte \(index) ^ \(mask)") {
            try Checkpoint(reading: path, layout: layout)
          }
        }
      }
      try Data(bytes).write(to: URL(fileURLWithPath: folder / name))
    }
    #expect(try Checkpoint(reading: path, layout: layout).parameters == weights)
  }

  @Test("the files of two checkpoints are not mistaken for one")
  func swapped() throws {
    let folder = try ScratchFolder()
    try Checkpoint.write(
      weights, layout: layout, provenance: provenance, to: folder / "a.safetensors")
    let other = Tensor([1.5, 2], shape: [2])
    try Checkpoint.write(
      other, layout: layout, provenance: provenance, to: folder / "b.safetensors")
    try FileManager.default.removeItem(atPath: folder / "a.json")
    let missing = diagnosed {
      _ = try Checkpoint(reading: folder / "a.safetensors", layout: layout)
    }
    #expect(
      missing?.description == """
        error: the JSON beside the checkpoint is missing.
          at:  \(folder / "a.json")
          fix: copy it too, or import the weights as a run of their own: ascribe import.
        """)
    #expect(missing?.exitCode == 4)
    try FileManager.default.moveItem(atPath: folder / "b.json", toPath: folder / "a.json")
    let mismatch = diagnosed {
      _ = try Checkpoint(reading: folder / "a.safetensors", layout: layout)
    }
    #expect(mismatch?.what.hasPrefix("the file's SHA-256 differs: recorded ") == true)
    #expect(mismatch?.exitCode == 4)
  }

  @Test("provenance from the future is refused by version")
  func future() throws {
    let folder = try ScratchFolder()
    try SealedJSON.write(["formatVersion": 2], to: folder / "c.json")
    #expect(
      throws: CheckpointError.unsupportedVersion(found: 2, newest: 1, file: folder / "c.json")
    ) { try Checkpoint.provenance(of: folder / "c.safetensors") }
  }

  @Test("the model hash depends on names, shapes, order and every bit")
  func hash() {
    func hash(_ values: [Float], _ name: String, _ shape: [Int]) -> Digest {
      modelHash(
        Tensor(values, shape: [2]), layout: [Parameter(name: name, shape: shape, offset: 0)])
    }
    let all = [
      hash([0, 1], "a", [2]), hash([0, 1], "b", [2]), hash([0, 1], "a", [1, 2]),
      hash([0, 1], "a", [2, 1]), hash([1, 0], "a", [2]), hash([-0.0, 1], "a", [2]),
      hash([0, 1.0000001], "a", [2]),
    ]
    #expect(Set(all).count == all.count)
    #expect(hash([0, 1], "a", [2]) == all[0])
  }
}
