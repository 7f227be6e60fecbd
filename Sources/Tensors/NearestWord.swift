/// The known word nearest to a mistyped one, or nil when none is near enough to be meant.
///
/// Near enough: an edit distance of at most a third of the longer word, or the one word begins with
/// the other (of three letters or more). Equal distances: first in the alphabet.
public func nearest(to word: String, among known: [String]) -> String? {
  var best: (word: String, distance: Int)?
  for candidate in known.sorted() where candidate != word {
    var distance = editDistance(word.lowercased(), candidate.lowercased())
    let allowed = max(word.count, candidate.count) / 3
    if distance > allowed {
      let (short, long) = word.count < candidate.count ? (word, candidate) : (candidate, word)
      guard short.count >= 3, long.lowercased().hasPrefix(short.lowercased()) else { continue }
      distance = long.count
    }
    if distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.word
}

/// The least number of letters to insert, remove, replace or swap with their neighbour.
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.prefix(100)), Array(b.prefix(100)))
  var before = [Int](repeating: 0, count: b.count + 1)
  var last = Array(0...b.count)
  for i in 0..<a.count {
    var row = [i + 1] + [Int](repeating: 0, count: b.count)
    for j in 0..<b.count {
      row[j + 1] = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        row[j + 1] = min(row[j + 1], before[j - 1] + 1)
      }
    }
    (before, last) = (last, row)
  }
  return last[b.count]
}
