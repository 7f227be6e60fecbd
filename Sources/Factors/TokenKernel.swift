// Letters: n and m examples, T positions, W right width, R tokens of an example.
import LinearAlgebra
import Tensors

/// The right sides of a block of tokens summed by token and example: the gradient's rows that are
/// not 0.
///
/// Of an embedding's V × W gradient an example has as many rows as tokens, so that products take
/// those alone: Σ_v n_v² · W flops, n_v examples with token v, and not n² · V · W.
private struct TokenSums {
  /// The tokens in order.
  let tokens: [Int32]
  /// Where each token's rows begin, one more than tokens.
  let starts: [Int]
  /// The examples of the rows, in order for each token.
  let examples: [Int]
  /// The rows, R·n × W.
  let sums: Matrix<Float>

  init(_ block: FactorBlock, count: Int) {
    let width = block.rightWidth
    var places: [(token: Int32, example: Int, row: Int, term: Int)] = []
    let rights = block.terms.map { $0.right.materialised(count: count) }
    for (t, term) in block.terms.enumerated() {
      guard case .oneHot(let indices, let positions, _) = term.left else { continue }
      for row in 0..<count * positions {
        let own = rights[t].storage.base + row * width
        // Padding has no gradient.
        guard (0..<width).contains(where: { own[$0] != 0 }) else { continue }
        places.append((indices[row], row / positions, row, t))
      }
    }
    places.sort {
      ($0.token, $0.example, $0.term, $0.row) < ($1.token, $1.example, $1.term, $1.row)
    }
    var (tokens, starts, examples) = ([Int32](), [Int](), [Int]())
    var rows: [Int] = []
    for (index, place) in places.enumerated() {
      let isNew = tokens.last != place.token
      if isNew {
        tokens.append(place.token)
        starts.append(examples.count)
      }
      if isNew || examples.last != place.example {
        examples.append(place.example)
        rows.append(index)
      }
    }
    (self.tokens, self.starts) = (tokens, starts + [examples.count])
    self.examples = examples
    let sums = Matrix<Float>(repeating: 0, rows: examples.count, columns: width)
    let ends = Array(rows.dropFirst()) + [places.count]
    Workers.run(over: examples.count, grain: 256) { [places, rows] range in
      for row in range {
        for place in places[rows[row]..<ends[row]] {
          VectorMath.axpy(
            1, rights[place.term].storage.base + place.row * width,
            onto: sums.storage.base + row * width, count: width)
        }
      }
    }
    self.sums = sums
  }

  /// Rows of a token, of examples in a range.
  func rows(_ token: Int, of range: Range<Int>) -> Range<Int> {
    let all = starts[token]..<starts[token + 1]
    let first = all.partitioned { examples[$0] >= range.lowerBound }
    return first..<(first..<all.upperBound).partitioned { examples[$0] >= range.upperBound }
  }
}

extension FactorBlock {
  /// Whether every use of the weight looks a token up.
  var isLookup: Bool {
    terms.allSatisfy { if case .oneHot = $0.left { true } else { false } }
  }

  /// Adds the dot products of gradients of looked up rows, token by token.
  ///
  /// - Parameters:
  ///   - other: nil for this block with itself: what is above the diagonal need not be added.
  ///   - target: n × m, added to.
  /// - Complexity: 2 Σ_v n_v m_v W flops.
  func addTokenProducts(
    _ other: FactorBlock?, rows n: Int, columns m: Int, to target: Buffer<Float>
  ) {
    let mine = TokenSums(self, count: n)
    let theirs = other.map { TokenSums($0, count: m) } ?? mine
    let places = Dictionary(uniqueKeysWithValues: theirs.tokens.enumerated().map { ($1, $0) })
    let width = rightWidth
    let tiles = (0..<n).blocks(of: 64)
    Workers.run(slices: tiles.count) { tile in
      let columns = 0..<(other == nil ? tiles[tile].upperBound : m)
      for (index, token) in mine.tokens.enumerated() {
        guard let place = places[token] else { continue }
        let a = mine.rows(index, of: tiles[tile])
        let b = theirs.rows(place, of: columns)
        if a.isEmpty || b.isEmpty { continue }
        if a.count * b.count < 16 {
          for i in a {
            let row = target.base + mine.examples[i] * m
            for j in b {
              row[theirs.examples[j]] += VectorMath.dot(
                mine.sums.storage.base + i * width, theirs.sums.storage.base + j * width,
                count: width)
            }
          }
          continue
        }
        let products = Matrix<Float>(uninitialized: a.count, b.count)
        blockProduct(
          MatrixView(mine.sums).rows(a), MatrixView(theirs.sums).rows(b).transposed,
          into: MatrixView(products))
        for (i, line) in zip(a, 0...) {
          let row = target.base + mine.examples[i] * m
          let own = products.storage.base + line * b.count
          for (j, place) in zip(b, 0...) { row[theirs.examples[j]] += own[place] }
        }
      }
    }
  }
}

extension Range where Bound == Int {
  /// The first number of an ordered range for which something holds that holds for all behind it.
  fileprivate func partitioned(_ holds: (Int) -> Bool) -> Int {
    var (low, high) = (lowerBound, upperBound)
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
