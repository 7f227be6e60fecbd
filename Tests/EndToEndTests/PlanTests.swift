import Foundation
import Testing

/// What `plan` says of memory beside what the commands take.
@Suite("Plan beside the commands", .serialized) struct PlanTests {
  /// A picture a row: 3 × 32 × 32 numbers and a class.
  static func images(_ rows: Int) -> String {
    (0..<rows).map { row in
      ((0..<3_072).map { "\((row * row + $0 * (row + 3)) % 17)" } + ["\(row % 3)"])
        .joined(separator: ",")
    }.joined(separator: "\n") + "\n"
  }

  static let cases: [String: String] = [
    "cnn": """
    name: r
    data:
      train: {format: csv, path: train.csv, label: last, header: false}
      test:  {format: csv, path: test.csv, label: last, header: false}
    model: {kind: cnn, image: [3, 32, 32], channels: [32, 64]}
    training: {rate: 0.01, epochs: 1, batch: 48}

    """,
    "gpt2": """
    name: r
    data:
      source: {format: text, path: t.txt, tokens: bytes, length: 256}
      split: {test: 0.1, seed: 0}
    model: {kind: gpt2, layers: 1, heads: 2, width: 128}
    training: {rate: 0.01, epochs: 1, batch: 32, microBatch: 16}

    """,
  ]

  static let asked = ["query (graddot)", "query (trajectory)", "query (trak on features)"]

  /// The command of `query (METHOD)` or `query (METHOD on features)`.
  static func query(_ title: String) -> [String] {
    let words = title.dropFirst("query (".count).dropLast().split(separator: " ")
    return ["query", "r", "--test", "all", "--method", "\(words[0])", "--kernel"]
      + [words.count > 1 ? "features" : "exact"]
  }

  @Test(
    "the peak of every step is what plan says, within a factor", arguments: cases.keys.sorted())
  func peaks(name: String) throws {
    let work = try Workspace()
    try work.write(try #require(Self.cases[name]), to: "r.yaml")
    if name == "cnn" {
      try work.write(Self.images(48), to: "train.csv")
      try work.write(Self.images(16), to: "test.csv")
    } else {
      let words = (0..<3_500).map { ["the", "of", "and", "to", "in"][($0 * $0 + $0 / 3) % 5] }
      try work.write(words.joined(separator: " "), to: "t.txt")
    }
    let answer = try work.object("plan", "r.yaml", "--dim", "64")
    let steps = try #require(answer["steps"] as? [[String: Any]])
    let titles = Set(steps.compactMap { $0["name"] as? String })
    let expected = ["train", "collect"] + (name == "cnn" ? Self.asked : ["query (graddot)"])
    #expect(titles.count == steps.count && titles.isSuperset(of: expected))
    for step in steps {
      let title = try #require(step["name"] as? String)
      // Some queries for all of them; features of the trace kernel are not collected here.
      if title.hasPrefix("query") && !Self.asked.contains(title) { continue }
      let planned = try #require(step["peakBytes"] as? Int)
      let command =
        switch title {
        case "train": ["train", "r.yaml"]
        case "collect": ["collect", "r", "--dim", "64"]
        case "mislabeled": ["mislabeled", "r"]
        case "components": ["components", "r"]
        // As many models at a time as with ten subsets of five seeds.
        case "prune":
          [
            "prune", "r", "--keep", "0.5", "--strategy", "random", "--prove", "--seeds", "2",
            "--random-subsets", "2",
          ]
        case _ where title.hasPrefix("query"): Self.query(title)
        default: ["score", "r", "--out", "s.h5"]
        }
      let (result, peak) = try AscribeProcess(command, in: work.path).waitWithPeak()
      #expect(result.code == 0, "\(title): \(result.errors)")
      let ratio = Double(planned) / Double(peak)
      let text = "\(title): \(planned / 1_000_000) MB planned, \(peak / 1_000_000) MB"
      // Models that are trained side by side need not be at their largest at the same time.
      #expect(ratio > 0.7 && ratio < (title == "prune" ? 1.8 : 1.4), "\(text)")
    }
  }
}
