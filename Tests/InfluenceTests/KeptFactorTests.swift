import Foundation
import LinearAlgebra
import Storage
import Tensors
import TestSupport
import Testing

@testable import Influence

@Suite("Kept factors")
struct KeptFactorTests {
  static let fingerprint = Fingerprint(["model": "m1", "data": "d1", "damping": "1 x mean"])

  /// K of n examples with its factor, in fp32 above `RidgeFactor.singleCountLimit` examples.
  static func ridge(_ n: Int) throws -> (factor: RidgeFactor, contents: KeptFactor.Contents) {
    let features = MatrixView(
      Matrix(Problem.values([n, 40], seed: 5).elements, rows: n, columns: 40))
    var kernel = Matrix<Float>(uninitialized: n, n)
    gemm(features, features.transposed, into: MatrixView(writing: &kernel))
    let rule = DampingRule.standard
    let report = try rule.choose(for: kernel, diagnose: true) {
      Matrix(repeating: 1.0 / 3, rows: n, columns: 1)
    }
    let scales = (0..<n).map { 0.5 + Double($0 % 7) / 3 }
    let factor = try RidgeFactor(kernel: kernel, damping: report.damping, scales: scales)
    let residuals = Matrix((0..<2 * n).map { Double($0) / 7 }, rows: n, columns: 2)
    return (
      factor,
      KeptFactor.Contents(
        damping: report, scales: scales, inverseDiagonal: factor.inverseDiagonal(),
        residuals: residuals)
    )
  }

  static func rows(_ m: Int, _ n: Int) -> Matrix<Float> {
    Matrix(Problem.values([m, n], seed: 9).elements, rows: m, columns: n)
  }

  @Test(
    "a kept factor solves with the bits of the one in memory, and keeps all that stands beside it",
    arguments: [(1, false), (90, false), (1_100, true)])
  func roundTrip(n: Int, isSingle: Bool) throws {
    let folder = try ScratchFolder()
    let (factor, contents) = try Self.ridge(n)
    #expect(factor.isSingle == isSingle)
    try KeptFactor.write(factor, contents, fingerprint: Self.fingerprint, to: folder / "a.h5")
    let kept = try KeptFactor(folder / "a.h5", fingerprint: Self.fingerprint)
    #expect(kept.order == n && kept.contents.damping == contents.damping)
    #expect(kept.contents.scales == contents.scales)
    #expect(kept.contents.inverseDiagonal == contents.inverseDiagonal)
    #expect(kept.contents.residuals == contents.residuals)
    for m in [1, 11] {
      let rows = Self.rows(m, n)
      let found = try kept.solve(rows: rows)
      #expect(try factor.solve(streaming: rows) == found, "\(m) rows")
      let known = factor.solve(rows: rows)
      let largest = known.elements.reduce(0) { max($0, abs($1)) }
      for (a, b) in zip(found.elements, known.elements) {
        #expect(abs(a - b) <= 1e-4 * largest, "\(m) rows")
      }
    }
    let bytes = try folder.bytes("a.h5").count
    let counted = KeptFactor.byteCount(order: n, isSingle: isSingle, targets: 2)
    #expect(counted <= bytes && bytes <= counted + 16_384)
    #expect(try Verification.verify(folder / "a.h5").bytes == bytes)
  }

  @Test("without scales and targets a file has none, and the same contents give the same bytes")
  func plain() throws {
    let folder = try ScratchFolder()
    let (factor, all) = try Self.ridge(30)
    let contents = KeptFactor.Contents(
      damping: all.damping, scales: nil, inverseDiagonal: all.inverseDiagonal)
    for name in ["a.h5", "b.h5"] {
      try KeptFactor.write(factor, contents, fingerprint: Self.fingerprint, to: folder / name)
    }
    let kept = try KeptFactor(folder / "a.h5", fingerprint: Self.fingerprint).contents
    #expect(kept.scales == nil && kept.residuals == nil)
    #expect(try folder.bytes("a.h5") == folder.bytes("b.h5"))
  }

  @Test("every field of the fingerprint that differs refuses the file by its name")
  func fingerprints() throws {
    let folder = try ScratchFolder()
    let (factor, contents) = try Self.ridge(20)
    try KeptFactor.write(factor, contents, fingerprint: Self.fingerprint, to: folder / "a.h5")
    for field in Self.fingerprint.fields {
      var other = Fingerprint()
      for old in Self.fingerprint.fields {
        other.append(old.name, old.name == field.name ? "another" : old.value)
      }
      let error = diagnosed { _ = try KeptFactor(folder / "a.h5", fingerprint: other) }
      #expect(error?.exitCode == 4)
      #expect(
        error?.what
          == "\(field.name) differs: expected \"another\", found \"\(field.value)\".")
    }
  }

  @Test("a flipped byte anywhere refuses the file or the solve")
  func damage() throws {
    let folder = try ScratchFolder()
    let (factor, contents) = try Self.ridge(40)
    let path = folder / "a.h5"
    try KeptFactor.write(factor, contents, fingerprint: Self.fingerprint, to: path)
    let bytes = try folder.bytes("a.h5")
    for position in stride(from: 0, to: bytes.count, by: 97) {
      var wrong = bytes
      wrong[position] ^= 0x40
      try Data(wrong).write(to: URL(fileURLWithPath: path))
      let error = diagnosed {
        _ = try KeptFactor(path, fingerprint: Self.fingerprint).solve(rows: Self.rows(1, 40))
      }
      #expect(error?.exitCode == 4, "byte \(position): \(error?.description ?? "no error")")
    }
  }

  @Test("a sealed file of another kind is not taken for a factor")
  func otherKind() throws {
    let folder = try ScratchFolder()
    let file = try SealedFileWriter(folder / "a.h5")
    try file.hdf5.setAttribute("format", .text("ascribe scores 1"))
    try file.finish()
    let error = diagnosed { _ = try KeptFactor(folder / "a.h5", fingerprint: Fingerprint()) }
    #expect(error?.exitCode == 4)
    #expect(error?.what.contains("no file of a factor") == true)
  }
}
