// Letters: n training examples, M passes.
import Datasets
import Foundation
import Storage

/// Models trained with decoys among their labels: what the number of wrong labels is estimated from.
///
/// One sealed HDF5 file in the run's folder: `labels` and `suggested`, M × n classes, `margins` and
/// `el2n`, M × n; the kinds of decoys and the fingerprint as attributes.
public struct DecoyBank: Sendable {
  /// One a model, in the order in which they were trained.
  public let passes: [DecoyPass]

  /// The passes of one kind of decoys.
  public func passes(_ kind: Decoys.Kind) -> [DecoyPass] {
    passes.filter { $0.decoys.kind == kind }
  }

  /// How suspect each example is, the mean over the passes in which it was no decoy, n values; of one that
  /// was a decoy in all of them the mean over all.
  func meanSuspicion(_ signal: MislabelRanking.Signal) -> [Float] {
    let count = passes.first?.margins.count ?? 0
    var (sums, all) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var times = [Double](repeating: 0, count: count)
    for pass in passes {
      let isDecoy = Set(pass.decoys.rows)
      for (row, value) in pass.suspicion(signal).enumerated() {
        all[row] += Double(value)
        guard !isDecoy.contains(row) else { continue }
        sums[row] += Double(value)
        times[row] += 1
      }
    }
    let overall = Double(max(1, passes.count))
    return (0..<count).map { row -> Float in
      let mean: Double = times[row] > 0 ? sums[row] / times[row] : all[row] / overall
      return Float(mean)
    }
  }

  static let format = "ascribe decoys 1"

  /// Passes at hand.
  init(passes: [DecoyPass]) { self.passes = passes }

  /// Reads a bank and checks every byte.
  ///
  /// - Parameters:
  ///   - expected: what it must have been made from, on whatever machine.
  ///   - labels: those of the training set, n.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field; damage.
  init(_ path: String, expecting expected: Fingerprint, labels: [Int32]) throws {
    let file = try SealedFile(path)
    try Fingerprint.requireEqual(
      expected: expected, found: try Fingerprint(from: file.hdf5), file: path)
    guard case .text(DecoyBank.format) = try file.hdf5.attribute("format"),
      case .text(let names) = try file.hdf5.attribute("kinds")
    else { throw CurationError.notDecoys(problem: "it has no format that is known", file: path) }
    let kinds = names.split(separator: " ").compactMap { Decoys.Kind(rawValue: String($0)) }
    let n = labels.count
    func rows<Value: HDF5Scalar>(_ name: String, _ type: Value.Type) throws -> [[Value]] {
      let values = try file.rows(name).values(Value.self)
      guard values.count == kinds.count * n else {
        throw CurationError.notDecoys(problem: "its shapes do not fit", file: path)
      }
      return kinds.indices.map { Array(values[$0 * n..<($0 + 1) * n]) }
    }
    let (changed, suggested) = (try rows("labels", Int32.self), try rows("suggested", Int32.self))
    let (margins, el2n) = (try rows("margins", Float.self), try rows("el2n", Float.self))
    passes = kinds.enumerated().map { place, kind in
      DecoyPass(
        decoys: Decoys(kind: kind, labels: changed[place], of: labels), margins: margins[place],
        el2n: el2n[place], suggested: suggested[place])
    }
  }

  /// Writes the bank as a sealed file.
  func write(to path: String, _ fingerprint: Fingerprint) throws {
    let file = try SealedFileWriter(path)
    try file.hdf5.setAttribute("format", .text(DecoyBank.format))
    try file.hdf5.setAttribute(
      "kinds", .text(passes.map(\.decoys.kind.rawValue).joined(separator: " ")))
    let shape = [passes.count, passes.first?.margins.count ?? 0]
    try file.writeRows(passes.flatMap(\.decoys.labels), shape: shape, to: "labels")
    try file.writeRows(passes.flatMap(\.suggested), shape: shape, to: "suggested")
    try file.writeRows(passes.flatMap(\.margins), shape: shape, to: "margins")
    try file.writeRows(passes.flatMap(\.el2n), shape: shape, to: "el2n")
    try fingerprint.write(to: file.hdf5)
    try file.finish()
  }
}

extension Decoys {
  /// Decoys as they were kept: the rows are those whose labels differ.
  fileprivate init(kind: Kind, labels: [Int32], of original: [Int32]) {
    self.init(
      kind: kind, rows: labels.indices.filter { labels[$0] != original[$0] }, labels: labels)
  }
}
