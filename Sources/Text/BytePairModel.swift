import HeapModule

/// Byte pair encoding: a word's symbols are merged in pairs, the merge learnt first before all others.
///
/// Symbols that wait for their merge stand in a heap by (rank, place), their neighbours in a linked
/// list: O(n log n) for n symbols, so that a text of megabytes may be one word (Llama 2).
/// - Source: Sennrich et al. 2016, *Neural machine translation of rare words with subword units*;
///   details as in the `tokenizers` library.
struct BytePairModel: Sendable {
  /// A pair's place in the list of merges, and what it becomes.
  struct Merge: Sendable {
    let rank: Int32
    let id: Int32
  }

  /// Pairs of ids in 64 bits.
  var merges: [UInt64: Merge]
  /// The ids by text.
  var ids: [[Unicode.Scalar]: Int32]
  /// What a scalar without a token becomes; nil: nothing.
  var unknown: Int32?
  /// Whether unknown scalars in a row are one token.
  var fusesUnknown = false
  /// The tokens `<0x00>` … `<0xFF>`, of which those stand for a scalar without a token of its own.
  var bytes: [Int32?]?
  /// Whether a word that is a token is not merged again.
  var ignoresMerges = false
  /// What stands before each symbol but the first, and behind the last.
  var continuing: [Unicode.Scalar] = []
  var ending: [Unicode.Scalar] = []

  static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }

  private struct Symbol {
    var id: Int32
    let place: Int
    /// −1 at the ends.
    var left: Int
    var right: Int
    var isGone = false
  }

  private struct Candidate: Comparable {
    let rank: Int32
    let left: Int
    /// The ids that the pair had when it was put here.
    let pair: UInt64
    let id: Int32

    static func < (a: Candidate, b: Candidate) -> Bool {
      (a.rank, a.left) < (b.rank, b.left)
    }
  }

  func tokens(of word: [Unicode.Scalar]) -> [TokenModel.Token] {
    if ignoresMerges, let id = ids[word] { return [TokenModel.Token(id: id, place: 0)] }
    var symbols = symbols(of: word)
    guard symbols.count > 1 else {
      return symbols.map { TokenModel.Token(id: $0.id, place: $0.place) }
    }
    var waiting = Heap<Candidate>()
    func add(_ left: Int, _ symbols: [Symbol]) {
      let right = symbols[left].right
      guard right >= 0 else { return }
      let pair = Self.key(symbols[left].id, symbols[right].id)
      guard let merge = merges[pair] else { return }
      waiting.insert(Candidate(rank: merge.rank, left: left, pair: pair, id: merge.id))
    }
    for left in symbols.indices { add(left, symbols) }
    while let next = waiting.popMin() {
      let (left, right) = (next.left, symbols[next.left].right)
      guard !symbols[left].isGone, right >= 0,
        Self.key(symbols[left].id, symbols[right].id) == next.pair
      else { continue }
      symbols[left].id = next.id
      symbols[right].isGone = true
      symbols[left].right = symbols[right].right
      if symbols[right].right >= 0 { symbols[symbols[right].right].left = left }
      add(left, symbols)
      if symbols[left].left >= 0 { add(symbols[left].left, symbols) }
    }
    return symbols.filter { !$0.isGone }.map { TokenModel.Token(id: $0.id, place: $0.place) }
  }

  /// The symbols before any merge.
  private func symbols(of word: [Unicode.Scalar]) -> [Symbol] {
    var symbols: [Symbol] = []
    symbols.reserveCapacity(word.count)
    func add(_ id: Int32, _ place: Int) {
      symbols.append(Symbol(id: id, place: place, left: symbols.count - 1, right: -1))
    }
    var endsUnknown = false
    let isPlain = continuing.isEmpty && ending.isEmpty
    for (place, scalar) in word.enumerated() {
      var text = [scalar]
      if !isPlain {
        if place > 0 { text = continuing + text }
        if place == word.count - 1 { text += ending }
      }
      if let id = ids[text] {
        add(id, place)
        endsUnknown = false
        continue
      }
      if let bytes {
        let found = text.flatMap(UTF8.encoded).map { bytes[Int($0)] }
        if !found.contains(nil) {
          for id in found.compactMap(\.self) { add(id, place) }
          endsUnknown = false
          continue
        }
      }
      guard let unknown, !(fusesUnknown && endsUnknown) else { continue }
      add(unknown, place)
      endsUnknown = true
    }
    for index in symbols.indices.dropLast() { symbols[index].right = index + 1 }
    return symbols
  }
}
