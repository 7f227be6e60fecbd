/// What is said of files that would save later commands work and could not be written.
public enum KeepingNote {
  private static let middle = " is not kept for the next command: "

  /// The note of one file.
  ///
  /// - Parameters:
  ///   - what: the file, or what it would hold.
  ///   - reason: a sentence.
  public static func text(_ what: String, reason: String) -> String { what + middle + reason }

  /// Notes in their order, those of files that are not kept for one reason in the first one's place.
  public static func merged(_ notes: [String]) -> [String] {
    func reason(_ note: String) -> String? {
      note.range(of: middle).map { String(note[$0.upperBound...]) }
    }
    var counts: [String: Int] = [:]
    for note in notes { if let reason = reason(note) { counts[reason, default: 0] += 1 } }
    var said = Set<String>()
    return notes.compactMap { note in
      guard let reason = reason(note), let count = counts[reason], count > 1 else { return note }
      guard said.insert(reason).inserted else { return nil }
      let others = count == 2 ? "is one other file" : "are \(count - 1) other files"
      return note.replacing(middle, with: " is not kept for the next command, nor \(others): ")
    }
  }
}
