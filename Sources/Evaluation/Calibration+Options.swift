import Influence
import Runs
import Storage

extension Calibration.Options {
  /// The choices behind some scores of test examples, and what their run was.
  ///
  /// - Parameter token: the only token of the queries that is asked about.
  public init(_ scores: ScoreDescription, token: Int? = nil) {
    method = scores.method
    outputFunction = scores.outputFunction
    exampleWeight = scores.exampleWeight
    damping = "\(scores.dampingRule ?? "") \(scores.dampingProfile ?? "")"
    checkpoints = scores.checkpoints
    kernel = scores.kernel.name
    trainHash = scores.identity?.trainingData ?? ""
    testHash = scores.identity?.examples ?? ""
    madeFrom = scores.identity?.fingerprint(of: .calibration)
    self.token = token
  }

  /// The choices of the scores, then the fields of the run in the words of a note.
  private var named: [(name: String, value: String)] {
    [
      ("method", method), ("output function", outputFunction),
      ("example weight", exampleWeight), ("damping", damping),
      ("checkpoints", checkpoints.joined(separator: ",")), ("kernel", kernel),
      ("token", token.map { "\($0)" } ?? ""),
    ]
  }

  /// Names of what differs: choices, and fields of the run.
  ///
  /// A calibration of a former version does not say which weights it was made from.
  public func differences(from other: Calibration.Options) -> [String] {
    let choices = zip(named, other.named).filter { $0.value != $1.value }.map(\.0.name)
    guard let madeFrom, let others = other.madeFrom else {
      let unknown = madeFrom == other.madeFrom ? [] : ["model weights (not recorded)"]
      let data = [
        ("training data", trainHash == other.trainHash), ("test data", testHash == other.testHash),
      ]
      return choices + unknown + data.filter { !$0.1 }.map(\.0)
    }
    let fields = madeFrom.differences(from: others, for: .reading)
    return choices + fields.map { RunIdentity.Field(rawValue: $0)?.title ?? $0 }
  }

  /// The file's name: the method and a hash of all choices and of what the run is.
  public var fileName: String {
    let fields =
      named.filter { $0.name != "token" || token != nil }.map(\.value) + [trainHash, testHash]
      + (madeFrom?.fields ?? []).map { "\($0.name)=\($0.value)" }
    let digest = "\(SHA256.digest(of: Array(fields.joined(separator: "\n").utf8)))"
    return Run.calibrationName("\(method)-\(digest.suffix(12))")
  }
}
