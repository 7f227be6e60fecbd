// Letters: Q queries, p parameters, T steps.
import Datasets
import Foundation
import Storage
import Tensors

/// How far queries have gone back through a training, kept so that a killed process loses minutes.
///
///     Projections/RUN/sweep-0123abcd.h5      `queries`, Q rows of fp64: λ, ∂F/∂w so far
///
/// One sealed file, replaced whole; it is taken up by the same sweep on the same kind of machine alone
/// and deleted at its end.
struct KeptSweep {
  let path: String
  private let fingerprint: Fingerprint
  private let clock = ContinuousClock()
  private var saved: ContinuousClock.Instant
  /// The least time between two savings.
  private let interval: Duration

  /// The sweep of some queries.
  init(_ replay: Replay, queries: Dataset, function: String, every interval: Duration) {
    var fingerprint = replay.kept.fingerprint
    fingerprint.append("queries", "\(queries.contentHash)")
    fingerprint.append("function", function)
    self.fingerprint = fingerprint
    self.interval = interval
    let text = fingerprint.fields.map { "\($0.name) \($0.value)" }.joined(separator: "\n")
    path = "\(replay.run.projectionsFolder)/sweep-\("\(SHA256.digest(of: text))".prefix(8)).h5"
    saved = clock.now
  }

  /// The step that comes last of those that are left, and each query's row; nil: none is kept.
  ///
  /// A file that cannot be taken up is replaced later.
  func read() -> (end: Int, rows: [[Double]])? {
    guard fileExists(path), let file = try? SealedFile(path),
      (try? Fingerprint(from: file.hdf5)) == fingerprint,
      case .integer(let end)? = try? file.hdf5.attribute("end"),
      let rows = try? file.rows("queries"), let values = try? rows.values(Double.self)
    else { return nil }
    return (
      Int(end),
      (0..<rows.rowCount).map {
        Array(values[$0 * rows.rowLength..<($0 + 1) * rows.rowLength])
      }
    )
  }

  /// Keeps the state when it is time to.
  ///
  /// - Parameter end: the steps before it are left.
  mutating func save(end: Int, _ rows: () -> [[Double]]) throws {
    guard clock.now - saved >= interval else { return }
    try AtomicFile.makeFolder((path as NSString).deletingLastPathComponent)
    let file = try SealedFileWriter(path)
    let rows = rows()
    try file.writeRows(rows.flatMap { $0 }, shape: [rows.count, rows[0].count], to: "queries")
    try file.hdf5.setAttribute("end", .integer(Int64(end)))
    try fingerprint.write(to: file.hdf5)
    try file.finish()
    saved = clock.now
  }

  /// Deletes what was kept.
  func remove() throws { try removeIfPresent(path) }
}
