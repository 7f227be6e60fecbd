// Letters: M masks, d components, Q queries.
import Networks
import Storage
import Tensors

/// Outputs of a network while parts of it are taken away: what every estimate is made of.
///
/// One sealed HDF5 file: `masks`, M × d, 1 keeps; `outputs`, M × Q; where they were asked for
/// `gradients`, (M · Q) × d, ∂f/∂(mask) mask by mask; `components` and `queryIDs`, their names; the
/// fingerprint as attributes.
public struct AblationBank: Sendable {
  /// M × d.
  public let masks: Matrix<Float>
  /// f, M × Q.
  public let outputs: Matrix<Float>
  /// Names of the components.
  public let components: [String]
  /// The queries' ids.
  public let queryIDs: [String]
  /// What it was made from.
  public let fingerprint: Fingerprint
  /// Where it was read.
  public let path: String
  private let gradientRows: CheckedRows?

  /// What the file says that it is.
  public static let format = "ascribe-ablation-bank"

  /// Reads a bank and checks every byte; gradients where they are read.
  ///
  /// - Parameter expected: what it must have been made from, on whatever machine; nil takes any.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field, `ComponentError.notABank`.
  public init(_ path: String, expecting expected: Fingerprint? = nil) throws {
    self.path = path
    let file = try SealedFile(path)
    fingerprint = try Fingerprint(from: file.hdf5)
    if let expected {
      try Fingerprint.requireEqual(expected: expected, found: fingerprint, file: path)
    }
    guard file.hdf5.contains("masks"), file.hdf5.contains("outputs"),
      file.hdf5.contains("components"), file.hdf5.contains("queryIDs")
    else { throw ComponentError.notABank(problem: "it has no masks", file: path) }
    components = try file.hdf5.dataset("components").readStrings()
    queryIDs = try file.hdf5.dataset("queryIDs").readStrings()
    let (masks, outputs) = (try file.rows("masks"), try file.rows("outputs"))
    gradientRows =
      file.hdf5.contains("gradients") ? try file.rows("gradients") : nil
    let (d, queries) = (components.count, queryIDs.count)
    guard masks.rowLength == d, outputs.rowLength == queries, outputs.rowCount == masks.rowCount,
      gradientRows.map({ $0.rowLength == d && $0.rowCount == masks.rowCount * queries }) ?? true
    else { throw ComponentError.notABank(problem: "its shapes do not fit", file: path) }
    self.masks = try masks.matrix(0..<masks.rowCount)
    self.outputs = try outputs.matrix(0..<outputs.rowCount)
  }

  /// What it holds, in a line.
  public var sentence: String {
    let kinds = ComponentGroup.Kind.allCases.compactMap { kind -> String? in
      let count = components.count {
        $0.hasSuffix(".\(kind.rawValue)") || $0.contains(".\(kind.rawValue).")
      }
      return count == 0 ? nil : "\(count) \(kind.rawValue)\(count == 1 ? "" : "s")"
    }
    return "\(masks.rows) masks of \(kinds.joined(separator: ", ")); outputs of "
      + "\(queryIDs.count) \(queryIDs.count == 1 ? "query" : "queries"), "
      + (hasGradients ? "with gradients by the masks" : "without gradients")
  }

  /// Whether gradients by the masks were kept.
  public var hasGradients: Bool { gradientRows != nil }

  /// ∂f/∂(mask) of every query under one mask, Q × d.
  ///
  /// - Precondition: `hasGradients`.
  public func gradients(mask: Int) throws -> Matrix<Float> {
    guard let gradientRows else { preconditionFailure("\(path) has no gradients") }
    return try gradientRows.matrix(mask * queryIDs.count..<(mask + 1) * queryIDs.count)
  }
}
