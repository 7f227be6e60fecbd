import Storage

extension ScoreDescription {
  /// What the scores were made from and by which choices, field by field.
  public var fingerprint: Fingerprint {
    var result = identity?.fingerprint(of: .scores) ?? Fingerprint()
    let own: [(String, String?)] = [
      ("run", run), ("method", method), ("outputFunction", outputFunction),
      ("exampleWeight", exampleWeight), ("damping", dampingRule),
      ("dampingProfile", dampingProfile), ("curvature", curvature),
      ("kernel", kernel.name),
      ("checkpoints", checkpoints.joined(separator: " ")),
      ("fusion", fusion.map { "\($0.method) with \($0.bank) \($0.bankDigest ?? "")" }),
    ]
    for case (let name, let value?) in own { result.append(name, value) }
    return result
  }
}

extension ScoreFile {
  /// Refuses scores of other weights, configurations or data than those of a run as it is now.
  ///
  /// The layers are a choice of the scores, not of the run, and the machine changes last bits
  /// alone: neither counts.
  ///
  /// - Parameter identity: of the run at the file's checkpoints, its queries the examples.
  /// - Throws: `StorageError.fingerprintMismatch` naming the field.
  public func requireMade(from identity: RunIdentity) throws(StorageError) {
    var wanted = identity
    wanted.layers = fingerprint["layers"]
    let expected = wanted.fingerprint(of: .scores)
    guard fingerprint["model"] != nil else {
      // Of a former version: it does not say which weights it is of.
      throw .fingerprintMismatch(
        field: "model", expected: expected["model"], found: nil, file: path)
    }
    try Fingerprint.requireEqual(
      expected: expected, found: fingerprint.ofRun(in: .scores),
      file: path)
  }
}
