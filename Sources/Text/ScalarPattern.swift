/// A regular expression over Unicode scalars, as pre-tokenizers use them (Oniguruma's reading).
///
/// Known: texts, `.`, classes (ranges, `\s \d \w \p{…}` of general categories, negations, classes
/// within), groups, alternatives, `(?i:…)`, `(?=…)`, `(?!…)`, `^`, `$`, and `* + ? {n,m}`, greedy,
/// lazy or, of a single class, possessive. Everything else is refused by its text. The first
/// alternative that leads to a match is taken, as in all backtracking engines; one search may take
/// a limited number of steps, so that no pattern hangs.
struct ScalarPattern: Sendable {
  enum Step: Sendable {
    /// A scalar of the set.
    case one(ScalarSet)
    /// From `min` to `max` scalars of the set.
    case run(ScalarSet, min: Int, max: Int, Greed)
    /// Tries `first`, then `second`.
    case split(first: Int, second: Int)
    case jump(Int)
    /// Goes on at `next` if the steps from here on match, or do not.
    case look(isNegative: Bool, next: Int)
    case lineStart
    case lineEnd
    case accept
  }

  enum Greed: Sendable { case greedy, lazy, possessive }

  /// A pattern that took too many steps on some text.
  struct TooSlow: Error {}

  let steps: [Step]

  init(_ pattern: String) throws(PatternProblem) {
    var parser = PatternParser(pattern)
    let node = try parser.parse()
    guard node.least > 0 else { throw PatternProblem("a pattern that matches nothing at all") }
    var steps: [Step] = []
    try node.compile(into: &steps)
    steps.append(.accept)
    self.steps = steps
  }

  /// The matches from left to right, none empty.
  func matches(in text: [Unicode.Scalar]) throws(TooSlow) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start = 0
    var search = Search(steps: steps, text: text, budget: 100_000 + 1_000 * text.count)
    while start < text.count {
      if let end = try search.end(step: 0, at: start) {
        found.append(start..<end)
        start = end
      } else {
        start += 1
      }
    }
    return found
  }

  private struct Search {
    let steps: [Step]
    let text: [Unicode.Scalar]
    var budget: Int

    /// Where to go on when the present way fails: at `step`, from `place` down to `least` or up to `most`.
    struct Choice {
      let step: Int
      var place: Int
      let least: Int
      let most: Int
    }

    /// The end of the match of the steps from `step` on that begins at `place`.
    mutating func end(step first: Int, at start: Int) throws(TooSlow) -> Int? {
      var choices: [Choice] = []
      var (step, place) = (first, start)
      while true {
        budget -= 1
        if budget < 0 { throw TooSlow() }
        var isAlive = true
        switch steps[step] {
        case .accept: return place
        case .one(let set):
          isAlive = place < text.count && set.contains(text[place])
          (step, place) = (step + 1, place + 1)
        case .run(let set, let min, let max, let greed):
          var end = place
          let limit = Swift.min(text.count, max == .max ? .max : place + max)
          while end < limit && set.contains(text[end]) { end += 1 }
          budget -= (end - place) / 16
          isAlive = end - place >= min
          guard isAlive else { break }
          step += 1
          let least = place + min
          switch greed {
          case .greedy:
            if end > least {
              choices.append(Choice(step: step, place: end - 1, least: least, most: -1))
            }
            place = end
          case .lazy:
            if end > least {
              choices.append(Choice(step: step, place: least + 1, least: -1, most: end))
            }
            place = least
          case .possessive: place = end
          }
        case .split(let first, let second):
          choices.append(Choice(step: second, place: place, least: place, most: -1))
          step = first
        case .jump(let target): step = target
        case .look(let isNegative, let next):
          isAlive = try (end(step: step + 1, at: place) == nil) == isNegative
          step = next
        case .lineStart:
          isAlive = place == 0 || text[place - 1] == "\n"
          step += 1
        case .lineEnd:
          isAlive = place == text.count || text[place] == "\n"
          step += 1
        }
        if isAlive { continue }
        guard var choice = choices.popLast() else { return nil }
        (step, place) = (choice.step, choice.place)
        if choice.most >= 0 {
          choice.place += 1
          if choice.place <= choice.most { choices.append(choice) }
        } else {
          choice.place -= 1
          if choice.place >= choice.least { choices.append(choice) }
        }
      }
    }
  }
}

/// What is not understood in a pattern.
struct PatternProblem: Error, Equatable {
  let text: String

  init(_ text: String) { self.text = text }
}

/// A pattern as a tree.
indirect enum PatternNode: Sendable {
  case set(ScalarSet)
  case sequence([PatternNode])
  case choice([PatternNode])
  case repeated(PatternNode, min: Int, max: Int, ScalarPattern.Greed)
  case look(PatternNode, isNegative: Bool)
  case lineStart
  case lineEnd

  /// The least number of scalars that it matches.
  var least: Int {
    switch self {
    case .set: 1
    case .sequence(let parts): parts.reduce(0) { min(1 << 20, $0 + $1.least) }
    case .choice(let ways): ways.map(\.least).min() ?? 0
    case .repeated(let part, let min, _, _): Swift.min(1 << 20, part.least * min)
    case .look, .lineStart, .lineEnd: 0
    }
  }

  private static let mostSteps = 10_000

  func compile(into steps: inout [ScalarPattern.Step]) throws(PatternProblem) {
    guard steps.count < Self.mostSteps else { throw PatternProblem("a pattern so long") }
    switch self {
    case .set(let set): steps.append(.one(set))
    case .sequence(let parts): for part in parts { try part.compile(into: &steps) }
    case .choice(let ways):
      var ends: [Int] = []
      for (index, way) in ways.enumerated() {
        let split = steps.count
        if index < ways.count - 1 { steps.append(.split(first: split + 1, second: 0)) }
        try way.compile(into: &steps)
        guard index < ways.count - 1 else { break }
        ends.append(steps.count)
        steps.append(.jump(0))
        steps[split] = .split(first: split + 1, second: steps.count)
      }
      for end in ends { steps[end] = .jump(steps.count) }
    case .repeated(.set(let set), let min, let max, let greed):
      steps.append(.run(set, min: min, max: max, greed))
    case .repeated(let part, let min, let max, let greed):
      try Self.compile(part, min: min, max: max, greed, into: &steps)
    case .look(let part, let isNegative):
      let look = steps.count
      steps.append(.look(isNegative: isNegative, next: 0))
      try part.compile(into: &steps)
      steps.append(.accept)
      steps[look] = .look(isNegative: isNegative, next: steps.count)
    case .lineStart: steps.append(.lineStart)
    case .lineEnd: steps.append(.lineEnd)
    }
  }

  /// A repeated group: copies for what must be there, then a loop or copies that may be left out.
  private static func compile(
    _ part: PatternNode, min: Int, max: Int, _ greed: ScalarPattern.Greed,
    into steps: inout [ScalarPattern.Step]
  ) throws(PatternProblem) {
    guard greed != .possessive else { throw PatternProblem("a possessive group") }
    for _ in 0..<min { try part.compile(into: &steps) }
    func split(_ body: Int, _ after: Int) -> ScalarPattern.Step {
      greed == .greedy ? .split(first: body, second: after) : .split(first: after, second: body)
    }
    if max == .max {
      guard part.least > 0 else { throw PatternProblem("a repeated group that may be empty") }
      let loop = steps.count
      steps.append(.jump(0))
      try part.compile(into: &steps)
      steps.append(.jump(loop))
      steps[loop] = split(loop + 1, steps.count)
      return
    }
    var splits: [Int] = []
    for _ in min..<Swift.max(min, max) {
      splits.append(steps.count)
      steps.append(.jump(0))
      try part.compile(into: &steps)
    }
    for place in splits { steps[place] = split(place + 1, steps.count) }
  }
}
