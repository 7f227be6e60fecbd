import Factors
import Foundation
import Storage
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite("Safetensors")
struct SafetensorsTests {
  let layout = [
    Parameter(name: "0.weight", shape: [2, 3], offset: 0),
    Parameter(name: "0.bias", shape: [2], offset: 6),
    Parameter(name: "2.weight", shape: [2, 2], offset: 8),
    Parameter(name: "2.bias", shape: [2], offset: 12),
  ]
  var values: [Float] {
    var values: [Float] = []
    for (index, parameter) in layout.enumerated() {
      for place in 0..<parameter.count { values.append(Float(place) / 8 + Float(index)) }
    }
    return values
  }

  @Test("parameters written and read are the same bits under the same names")
  func roundTrip() throws {
    let folder = try ScratchFolder()
    let parameters = Tensor(values, shape: [14])
    let hash = try SafetensorsFile.write(
      parameters: parameters, layout: layout, metadata: ["é\"\\\n": "1"], to: folder / "a")
    let file = try SafetensorsFile(reading: folder / "a")
    #expect(try file.parameters(layout: layout) == parameters)
    #expect(file.metadata == ["é\"\\\n": "1"])
    #expect(file.entries.map(\.name) == layout.map(\.name))
    #expect(file.isSealed && file.fileHash == hash)
    #expect(try SHA256.digest(ofFile: folder / "a") == hash)
    #expect(try file.tensor("2.weight").elements == [2, 2.125, 2.25, 2.375])
  }

  @Test("the same tensors give the same bytes, scalars and empty tensors too")
  func deterministic() throws {
    let tensors = [
      (name: "scalar", value: Tensor([7], shape: [])),
      (name: "empty", value: Tensor([], shape: [0, 3])),
    ]
    let bytes = SafetensorsFile.encoded(tensors, metadata: ["b": "2", "a": "1"])
    #expect(bytes == SafetensorsFile.encoded(tensors, metadata: ["a": "1", "b": "2"]))
    let file = try SafetensorsFile(bytes, path: "x")
    #expect(try file.tensor("scalar").elements == [7])
    #expect(try file.tensor("empty").shape == [0, 3])
  }

  @Test("a file saved from PyTorch is read without our metadata")
  func foreign() throws {
    let file = try SafetensorsFile(reading: fixture("Checkpoints/foreign.safetensors"))
    #expect(!file.isSealed)
    #expect(file.metadata == ["format": "pt"])
    #expect(try file.parameters(layout: layout).elements == values)
  }

  @Test("every flipped bit of a written file is noticed")
  func flippedBits() throws {
    let bytes = SafetensorsFile.encoded(
      [("w", Tensor([1, -2], shape: [2]))], metadata: ["ascribe.format": "1"])
    for index in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[index] ^= 1 << bit
        #expect(throws: CheckpointError.self, "byte \(index), bit \(bit)") {
          try SafetensorsFile(changed, path: "x")
        }
      }
    }
  }

  @Test("every shortened file and every appended byte is refused")
  func wrongLengths() throws {
    let bytes = SafetensorsFile.encoded([("w", Tensor([1, -2], shape: [2]))], metadata: [:])
    for count in 0..<bytes.count {
      #expect(throws: CheckpointError.self, "\(count) bytes") {
        try SafetensorsFile(Array(bytes[..<count]), path: "x")
      }
    }
    #expect(throws: CheckpointError.dataLength(expected: 8, found: 9, file: "x")) {
      try SafetensorsFile(bytes + [0], path: "x")
    }
  }

  @Test("random damage to a foreign file is an error or other values, never a crash")
  func fuzz() throws {
    let bytes = try readBytes(fixture("Checkpoints/foreign.safetensors"))
    let interesting: [UInt8] = [0, 0x22, 0x2c, 0x5b, 0x5d, 0x7b, 0x7d, 0x5c, 0x39, 0x80, 0xff]
    for seed in 0..<3000 {
      var generator = LinearGenerator(state: UInt64(seed))
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let position = Int.random(in: 0..<changed.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: changed[position] = UInt8.random(in: 0...255, using: &generator)
        case 1: changed[position] = interesting.randomElement(using: &generator) ?? 0
        default: changed.remove(at: position)
        }
      }
      do {
        let file = try SafetensorsFile(changed, path: "x")
        for entry in file.entries { _ = try? file.tensor(entry.name) }
        _ = try? file.parameters(layout: layout)
      } catch {
        #expect(!error.description.isEmpty, "seed \(seed)")
      }
    }
  }
}

/// A small generator, for damage that can be repeated.
struct LinearGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return (state ^ state >> 33) &* 0xff51_afd7_ed55_8ccd
  }
}
