/// Files whose every byte is as it was written.
public struct VerifyAnswer: Answer, Equatable {
  /// What was checked.
  public let path: String
  /// Always true: a difference is an error.
  public let ok: Bool
  /// Files, blocks of rows with a checksum, and bytes.
  public let files, rowBlocks, bytes: Int

  package init(path: String, files: Int, rowBlocks: Int, bytes: Int) {
    (self.path, self.files, self.rowBlocks, self.bytes) = (path, files, rowBlocks, bytes)
    ok = true
  }

  /// For reading.
  public var text: String { "\(path): \(files) files, \(bytes) bytes as they were written" }
}
