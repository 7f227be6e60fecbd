// Letters: B batch, T positions, W width, R rows of tokens.
import Tensors

/// The rows of a batch's activations that stand for tokens, where some stand for padding.
///
/// A product over rows costs what its rows cost: layers that multiply matrices take the R rows of
/// tokens without gaps and put zeros at the padding, whose outputs nobody reads and whose gradients
/// are 0. An example of padding alone keeps its first row, which pooling reads.
struct TokenRows {
  /// Tokens of each example, B values from 1 to T.
  let counts: [Int]
  /// T.
  let positions: Int
  /// Where each example's tokens begin among the R.
  private let starts: [Int]
  /// R.
  let count: Int

  /// The rows of `x`, B × T × W; nil where all are of tokens.
  init?(of x: Tensor, _ pass: Pass) {
    guard let lengths = pass.lengths, x.shape.count == 3, x.shape[0] == lengths.count else {
      return nil
    }
    self.init(lengths: lengths, positions: x.shape[1])
  }

  init?(lengths: [Int], positions: Int) {
    counts = lengths.map { min(positions, max(1, $0)) }
    self.positions = positions
    var (starts, total) = ([Int](), 0)
    for count in counts {
      starts.append(total)
      total += count
    }
    (self.starts, count) = (starts, total)
    if total == lengths.count * positions { return nil }
  }

  /// R × W of B × T × W.
  func packed(_ x: Tensor) -> Tensor {
    let width = x.rowLength
    let y = Tensor(uninitialized: [count, width])
    let (source, target) = (x.storage, y.storage)
    forEachExample(width: width) { example, start in
      (target.base + start * width).update(
        from: source.base + example * positions * width, count: counts[example] * width)
    }
    return y
  }

  /// B × T × W of R × W, 0 at the padding.
  func padded(_ x: Tensor) -> Tensor {
    let width = x.rowLength
    let y = Tensor(uninitialized: [counts.count, positions, width])
    let (source, target) = (x.storage, y.storage)
    forEachExample(width: width) { example, start in
      let (own, place) = (counts[example] * width, target.base + example * positions * width)
      place.update(from: source.base + start * width, count: own)
      (place + own).update(repeating: 0, count: positions * width - own)
    }
    return y
  }

  /// An element-wise function of the rows of tokens, B × T × W to the same; 0 at the padding.
  func mapped(
    _ x: Tensor,
    _ function: @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void
  ) -> Tensor {
    mapped(x, x) { x, _, y, count in function(x, y, count) }
  }

  /// An element-wise function of two tensors alike.
  func mapped(
    _ x: Tensor, _ other: Tensor,
    _ function:
      @Sendable (
        UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int
      ) -> Void
  ) -> Tensor {
    let width = x.rowLength
    let y = Tensor(uninitialized: x.shape)
    let (first, second, target) = (x.storage, other.storage, y.storage)
    forEachExample(width: width) { example, _ in
      let (own, place) = (counts[example] * width, example * positions * width)
      function(first.base + place, second.base + place, target.base + place, own)
      (target.base + place + own).update(repeating: 0, count: positions * width - own)
    }
    return y
  }

  private func forEachExample(width: Int, _ body: @Sendable (_ example: Int, _ start: Int) -> Void)
  {
    let grain = max(1, Tensor.elementGrain / max(1, positions * width))
    Workers.run(over: counts.count, grain: grain) { examples in
      for example in examples { body(example, starts[example]) }
    }
  }
}

extension TokenRows? {
  /// The rows of tokens; all where none is left out.
  func packed(_ x: Tensor) -> Tensor { self?.packed(x) ?? x }

  /// Those rows at their places, 0 at the padding.
  func padded(_ x: Tensor) -> Tensor { self?.padded(x) ?? x }
}
