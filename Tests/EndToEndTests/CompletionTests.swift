import Foundation
import TestSupport
import Testing

/// Prompts and their completions on the command line.
@Suite struct CompletionTests {
  private let pairs = [("ab c", "de f"), ("hello ", " world"), ("xy", "z"), ("no", "yes")]

  /// A run whose weights stay as they were drawn, so that runs of one seed have the same.
  private func train(_ name: String, _ fields: String, _ lines: [String], in work: Workspace) throws
  {
    try work.write(lines.map { $0 + "\n" }.joined(), to: "\(name).jsonl")
    let source = "{format: jsonl, path: \(name).jsonl, \(fields), tokens: bytes, length: 12}"
    try work.write(
      """
      name: \(name)
      data: {train: \(source), test: \(source)}
      model: {kind: gpt2, layers: 1, heads: 2, width: 8}
      training: {rate: 1.0e-12, epochs: 1, batch: 4}
      """, to: "\(name).yaml")
    try work.succeed("train", "\(name).yaml")
  }

  private func losses(_ name: String, in work: Workspace) throws -> [Double] {
    let examples = try work.object("outputs", name)["examples"] as? [[String: Any]]
    return try #require(examples).compactMap { ($0["loss"] as? NSNumber)?.doubleValue }
  }

  @Test("the loss of a completion is that of the whole text less that of the prompt")
  func losses() throws {
    let work = try Workspace()
    try train(
      "p", "prompt: q, completion: a", pairs.map { "{\"q\":\"\($0)\",\"a\":\"\($1)\"}" }, in: work)
    try train("w", "text: text", pairs.map { "{\"text\":\"\($0)\($1)\"}" }, in: work)
    try train("q", "text: text", pairs.map { "{\"text\":\"\($0.0)\"}" }, in: work)
    let (own, whole, prompt) = (
      try losses("p", in: work), try losses("w", in: work), try losses("q", in: work)
    )
    #expect(own.count == 4)
    for (row, loss) in own.enumerated() {
      #expect(loss > 1 && abs(loss - (whole[row] - prompt[row])) < 1e-4, "row \(row)")
    }
    // Scores by the query's tokens: none of a prompt, and together the score.
    let answer = try work.object(
      "query", "p", "--test", "doc:0", "--tokens", "--method", "graddot", "--checkpoints", "final")
    let query = try #require((answer["queries"] as? [[String: Any]])?.first)
    let first = try #require((query["helpful"] as? [[String: Any]])?.first)
    let score = try #require((first["score"] as? NSNumber)?.doubleValue)
    let tokens = try #require(first["tokens"] as? [[String: Any]])
    let parts = tokens.map { ($0["score"] as? NSNumber)?.doubleValue ?? 0 }
    #expect(parts.count == 8 && parts[..<4].allSatisfy { $0 == 0 })
    #expect(abs(parts.reduce(0, +) - score) < 1e-4 * abs(score))
    try work.fail(
      3, "query", "p", "--test", "doc:0", "--token", "2",
      words: ["predicts its tokens 4 to 7 (the first is 0)"])
  }
}
