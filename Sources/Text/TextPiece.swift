/// A piece of a text on its way to tokens: scalars, and where each came from.
struct TextPiece: Sendable {
  var scalars: [Unicode.Scalar]
  /// The byte of the original text at which each scalar's origin begins.
  var origins: [Int]

  init(scalars: [Unicode.Scalar] = [], origins: [Int] = []) {
    (self.scalars, self.origins) = (scalars, origins)
  }

  /// A whole text.
  init(_ text: String) {
    var scalars: [Unicode.Scalar] = []
    var origins: [Int] = []
    scalars.reserveCapacity(text.utf8.count)
    origins.reserveCapacity(text.utf8.count)
    var offset = 0
    for scalar in text.unicodeScalars {
      scalars.append(scalar)
      origins.append(offset)
      offset += UTF8.width(scalar)
    }
    self.init(scalars: scalars, origins: origins)
  }

  var isEmpty: Bool { scalars.isEmpty }

  mutating func append(_ scalar: Unicode.Scalar, from origin: Int) {
    scalars.append(scalar)
    origins.append(origin)
  }

  /// Puts scalars before the first; they come from where it does.
  mutating func prepend(_ prefix: [Unicode.Scalar]) {
    let origin = origins.first ?? 0
    scalars.insert(contentsOf: prefix, at: 0)
    origins.insert(contentsOf: prefix.map { _ in origin }, at: 0)
  }

  subscript(range: Range<Int>) -> TextPiece {
    TextPiece(scalars: Array(scalars[range]), origins: Array(origins[range]))
  }

  /// Each match replaced by some scalars, which come from where it begins.
  func replacing(_ matches: [Range<Int>], by content: [Unicode.Scalar]) -> TextPiece {
    if matches.isEmpty { return self }
    var result = TextPiece()
    var end = 0
    for match in matches {
      result.scalars += scalars[end..<match.lowerBound]
      result.origins += origins[end..<match.lowerBound]
      for scalar in content { result.append(scalar, from: origins[match.lowerBound]) }
      end = match.upperBound
    }
    result.scalars += scalars[end...]
    result.origins += origins[end...]
    return result
  }

  /// What becomes of the matches that cut a text.
  enum Cut: String, CaseIterable, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// The pieces between and, by `cut`, of the matches; empty ones are left out.
  ///
  /// - Parameter invert: whether what lies between the matches is taken for the matches.
  func split(at matches: [Range<Int>], _ cut: Cut, invert: Bool = false) -> [TextPiece] {
    var parts: [(range: Range<Int>, isMatch: Bool)] = []
    var end = 0
    for match in matches {
      if match.lowerBound > end { parts.append((end..<match.lowerBound, invert)) }
      parts.append((match, !invert))
      end = match.upperBound
    }
    if end < scalars.count { parts.append((end..<scalars.count, invert)) }
    var ranges: [Range<Int>] = []
    var before = false
    switch cut {
    case .removed: ranges = parts.filter { !$0.isMatch }.map(\.range)
    case .isolated: ranges = parts.map(\.range)
    case .contiguous:
      for part in parts {
        if part.isMatch == before, let last = ranges.popLast() {
          ranges.append(last.lowerBound..<part.range.upperBound)
        } else {
          ranges.append(part.range)
        }
        before = part.isMatch
      }
    case .mergedWithPrevious:
      for part in parts {
        if part.isMatch, !before, let last = ranges.popLast() {
          ranges.append(last.lowerBound..<part.range.upperBound)
        } else {
          ranges.append(part.range)
        }
        before = part.isMatch
      }
    case .mergedWithNext:
      for part in parts.reversed() {
        if part.isMatch, !before, let last = ranges.popLast() {
          ranges.append(part.range.lowerBound..<last.upperBound)
        } else {
          ranges.append(part.range)
        }
        before = part.isMatch
      }
      ranges.reverse()
    }
    if ranges.count == 1, ranges[0] == 0..<scalars.count { return [self] }
    return ranges.map { self[$0] }
  }

  /// Each scalar that fits, as a match of its own.
  func matches(where fits: (Unicode.Scalar) -> Bool) -> [Range<Int>] {
    scalars.indices.filter { fits(scalars[$0]) }.map { $0..<$0 + 1 }
  }
}

/// What a tokenizer looks for: a literal text or a pattern.
enum TextPattern: Sendable {
  case literal([Unicode.Scalar])
  case expression(ScalarPattern)

  /// The matches from left to right, none empty, none overlapping.
  func matches(in text: [Unicode.Scalar]) throws(ScalarPattern.TooSlow) -> [Range<Int>] {
    switch self {
    case .expression(let pattern): return try pattern.matches(in: text)
    case .literal(let wanted):
      guard let first = wanted.first else { return [] }
      var found: [Range<Int>] = []
      var place = 0
      while place + wanted.count <= text.count {
        if text[place] == first, text[place..<place + wanted.count].elementsEqual(wanted) {
          found.append(place..<place + wanted.count)
          place += wanted.count
        } else {
          place += 1
        }
      }
      return found
    }
  }
}
