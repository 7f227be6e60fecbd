import Tensors

/// What can go wrong while measuring.
enum BenchError: DiagnosableError {
  /// A process that is compared with, or a child, failed.
  case peer(String)
  /// No benchmark of that name.
  case unknown(String)
  /// A system call failed.
  case system(operation: String, path: String)

  var what: String {
    switch self {
    case .peer(let problem): problem
    case .unknown(let name): "there is no benchmark named \(name)"
    case .system(let operation, let path): "could not \(operation) \(path)"
    }
  }

  var location: String { "tools/bench" }

  var remedy: String {
    switch self {
    case .peer: "run the process by hand to see why; leave it out with --only NAME"
    case .unknown: "one of: " + Benchmark.all.map(\.name).joined(separator: ", ")
    case .system: "check space and rights of the folder; TMPDIR chooses another"
    }
  }
}
