import Factors
import Foundation
import Storage
import TestSupport
import Tensors
import Testing

@testable import Checkpoints

/// Damaged safetensors files and indices are read or refused with a diagnosable error; nothing ends
/// the process.
@Suite("Random damage to weights")
struct FuzzTests {
  static let seeds = fuzzSeeds(3_000)

  /// Pieces of headers that are wrong in their own ways.
  static let words = [
    "-1", "18446744073709551615", "9223372036854775807", "4611686018427387904", "0", "[]", "{}",
    "\"F16\"", "\"BF16\"", "\"F64\"", "\"I64\"", "\"\"", "[0,0]", "1e9", "null", "\\ud800", "\"",
    ",",
    "0.weight", "__metadata__", "\u{0}",
  ]

  struct Draw {
    var state: UInt64
    mutating func below(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % max(1, bound)
    }
  }

  static func damaged(_ bytes: [UInt8], seed: Int) -> [UInt8] {
    var draw = Draw(state: UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 1)
    var result = bytes
    for _ in 0..<(1 + draw.below(4)) where !result.isEmpty {
      let place = draw.below(draw.below(3) == 0 ? result.count : min(result.count, 300))
      switch draw.below(7) {
      case 0: result[place] = UInt8(draw.below(256))
      case 1: result[place] ^= 1 << UInt8(draw.below(8))
      case 2: result[place] = [0x00, 0xFF, 0x7F, 0x80][draw.below(4)]
      case 3: result.insert(UInt8(draw.below(256)), at: place)
      case 4: result.remove(at: place)
      case 5:
        let word = Array(words[draw.below(words.count)].utf8)
        result.replaceSubrange(place..<min(result.count, place + draw.below(6)), with: word)
        fixLength(&result, by: &draw)
      default:
        let end = min(result.count, place + draw.below(60))
        result.insert(contentsOf: result[place..<end], at: place)
        fixLength(&result, by: &draw)
      }
    }
    if draw.below(5) == 0 { result.removeLast(draw.below(result.count)) }
    return result
  }

  /// Half of the time the header's length is put right again, so that damage reaches the parser.
  private static func fixLength(_ bytes: inout [UInt8], by draw: inout Draw) {
    guard draw.below(2) == 0, let end = bytes.lastIndex(of: UInt8(ascii: "}")), end >= 8 else {
      return
    }
    for byte in 0..<8 { bytes[byte] = UInt8(truncatingIfNeeded: (end - 7) >> (8 * byte)) }
  }

  @Test(
    "a damaged safetensors file never ends the process",
    arguments: ["plain", "shifted", "float16", "bfloat16", "float64"])
  func safetensors(name: String) throws {
    let path = fixture("Import/\(name)/model.safetensors")
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let scratch = try ScratchFolder()
    var refused = 0
    for seed in 0..<Self.seeds {
      let file = scratch / "\(seed).safetensors"
      let bytes = Self.damaged(whole, seed: seed)
      do {
        let read = try SafetensorsFile(bytes, path: file)
        for entry in read.entries {
          let tensor = try read.tensor(entry.name)
          #expect(tensor.count == entry.shape.reduce(1, *), "seed \(seed)")
        }
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        let fitted = try ForeignWeights(reading: file)
          .parameters(layout: ForeignWeightsTests.layout)
        #expect(fitted.parameters.elements.allSatisfy { $0.isFinite }, "seed \(seed)")
      } catch {
        #expect(error is any DiagnosableError, "seed \(seed): \(error)")
        #expect((error as? any DiagnosableError)?.remedy.isEmpty == false)
        refused += 1
      }
    }
    #expect(refused > Self.seeds / 2)
  }

  @Test("a damaged index of shards never ends the process")
  func index() throws {
    let scratch = try ScratchFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: fixture("Import/sharded")) {
      try FileManager.default.copyItem(
        atPath: fixture("Import/sharded/\(name)"), toPath: scratch / name)
    }
    let path = scratch / "model.safetensors.index.json"
    let whole = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    var refused = 0
    for seed in 0..<Self.seeds {
      try Data(Self.damaged(whole, seed: seed)).write(to: URL(fileURLWithPath: path))
      do {
        _ = try ForeignWeights(reading: path).parameters(layout: ForeignWeightsTests.layout)
      } catch {
        #expect(error is any DiagnosableError, "seed \(seed): \(error)")
        refused += 1
      }
    }
    #expect(refused > Self.seeds / 2)
  }
}
