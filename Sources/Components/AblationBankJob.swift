// Letters: M masks, d components, Q queries.
import Evaluation
import LinearAlgebra
import Networks
import Storage
import Tensors

/// The making of a bank of ablations, part by part, with nothing lost when killed.
public struct AblationBankJob: Sendable {
  /// What is evaluated.
  let outputs: MaskedOutputs
  /// M × d.
  let masks: Matrix<Float>
  /// Whether gradients by the masks are taken, too.
  let takesGradients: Bool
  /// What the numbers follow from.
  public let fingerprint: Fingerprint

  /// Products of numbers that a part takes, about: some tenths of a second.
  private static let partProducts = 2e10

  /// - Parameter identity: the fields of the run: weights, data, machine.
  public init(
    _ outputs: MaskedOutputs, masks: Matrix<Float>, takesGradients: Bool = false,
    seed: UInt64, identity: Fingerprint
  ) {
    (self.outputs, self.masks, self.takesGradients) = (outputs, masks, takesGradients)
    var fingerprint = identity
    let names = outputs.components.components.map(\.name)
    fingerprint.append("components", "\(SHA256.digest(of: names.joined(separator: "\n")))")
    fingerprint.append("outputFunction", outputs.function.rawValue)
    fingerprint.append("ablation", outputs.ablation.description)
    if let pairs = outputs.pairs {
      fingerprint.append(
        "pairs", "\(SHA256.digest(of: pairs.elements.withUnsafeBytes { Array($0) }))")
    } else if outputs.ablation.needsReference {
      fingerprint.append("ablationSeed", "\(seed)")
    }
    if !outputs.gone.isEmpty {
      let gone = outputs.gone.map { names[$0] }.joined(separator: "\n")
      fingerprint.append("without", "\(SHA256.digest(of: gone))")
    }
    fingerprint.append(
      "masks", "\(SHA256.digest(of: masks.elements.withUnsafeBytes { Array($0) }))")
    fingerprint.append("gradients", takesGradients ? "kept" : "none")
    self.fingerprint = fingerprint
  }

  /// Forward passes of a query that the bank costs: one a mask, three with gradients.
  public var passes: Int { masks.rows * (takesGradients ? 3 : 1) }

  /// The name of the bank's file: what it is for, and a digest of what it is made from, on whatever
  /// machine.
  public func fileName(_ use: String) -> String {
    "\(use)-\(fingerprint.shortName).h5"
  }

  /// Evaluates what is missing and writes the bank; returns at once when it is there.
  ///
  /// - Throws: `StorageError` for files; `JobCancelled`: what was finished is kept.
  public func run(
    to path: String, control: JobControl = .silent, stage: JobStage? = nil, done: Int = 0,
    of total: Int = 0
  ) throws -> AblationBank {
    let parts = PartFolder(path: path + ".parts", fingerprint: fingerprint)
    if try AtomicFile.isThere(path) {
      let made = try AblationBank(path, expecting: fingerprint)
      parts.discardLeftovers()
      return made
    }
    let lock = try parts.prepare()
    defer { withExtendedLifetime(lock) {} }
    // Another process may have come to its end before the lock was taken.
    if try AtomicFile.isThere(path) {
      try AtomicFile.removeAll(parts.path)
      return try AblationBank(path, expecting: fingerprint)
    }
    let each = takesGradients ? 3 : 1
    for (number, range) in ranges.enumerated() {
      try control.check(isResumable: number > 0 || done > 0)
      if !parts.has(number) { try parts.write(values(range), number) }
      stage?.update(done + each * range.upperBound, of: max(total, done + passes))
    }
    try write(to: path, parts)
    try AtomicFile.removeAll(parts.path)
    return try AblationBank(path, expecting: fingerprint)
  }

  /// The masks of each part.
  private var ranges: [Range<Int>] {
    let pairs = AblationBankJob.pairs(outputs.network.footprint, gradients: takesGradients)
    return (0..<masks.rows).blocks(of: max(1, pairs / outputs.count))
  }

  /// Pairs of a query and a mask that a part holds.
  static func pairs(_ footprint: ExampleFootprint, gradients: Bool) -> Int {
    let cost: Double = footprint.forward * (gradients ? 3 : 1)
    let fitting: Double = partProducts / max(1, cost)
    return Int(min(32_768, max(512, fitting)))
  }

  /// Outputs of some masks, then their gradients where they are taken.
  private func values(_ range: Range<Int>) -> [Float] {
    let some = MatrixView(masks).rows(range).matrix
    guard takesGradients else { return outputs.values(some).elements }
    let found = outputs.gradients(some)
    return found.values.elements + found.gradients.elements
  }

  private func write(to path: String, _ parts: PartFolder) throws {
    let (d, queries) = (outputs.components.count, outputs.count)
    let file = try SealedFileWriter(path)
    try file.hdf5.setAttribute("format", .text(AblationBank.format))
    try file.writeRows(masks.elements, shape: [masks.rows, d], to: "masks")
    let rows = try file.makeRows("outputs", shape: [masks.rows, queries], type: .float32)
    let gradients =
      takesGradients
      ? try file.makeRows("gradients", shape: [masks.rows * queries, d], type: .float32) : nil
    for (number, range) in ranges.enumerated() {
      let count = range.count * queries
      let part = try parts.read(number, count: count * (takesGradients ? 1 + d : 1))
      try rows.append(Array(part[..<count]), rows: range.count)
      try gradients?.append(Array(part[count...]), rows: count)
    }
    try file.hdf5.write(outputs.components.components.map(\.name), to: "components")
    try file.hdf5.write(outputs.queries.ids.map(\.description), to: "queryIDs")
    try fingerprint.write(to: file.hdf5)
    try file.finish()
  }
}
