// Letters: R rows, H heads, D width of a head.
import Tensors

/// Queries, keys and values that a layer makes head by head, put side by side as attention reads
/// them.
///
///     [q_1 k_1 v_1 q_2 k_2 v_2 …] → [q_1 q_2 … k_1 k_2 … v_1 v_2 …]      each D wide
package struct HeadOrder: Layer {
  /// H.
  package let heads: Int
  /// D.
  package let headWidth: Int

  /// The order of H heads of D.
  package init(heads: Int, headWidth: Int) { (self.heads, self.headWidth) = (heads, headWidth) }

  /// The columns of x that become the columns of one part of a head of y.
  package func source(of columns: Range<Int>) -> Range<Int> {
    let (part, head) = (
      columns.lowerBound / headWidth / heads, columns.lowerBound / headWidth % heads
    )
    let start = (3 * head + part) * headWidth + columns.lowerBound % headWidth
    return start..<start + columns.count
  }

  /// y from x.
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor { ordered(x, isBack: false) }

  /// dy in the order of x.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? { ordered(dy, isBack: true) }

  /// rx in the order of y.
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    rx.map { ordered($0, isBack: false) }
  }

  /// Both in the order of x.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    (ordered(dy, isBack: true), rdy.map { ordered($0, isBack: true) })
  }

  private func ordered(_ x: Tensor, isBack: Bool) -> Tensor {
    let width = 3 * heads * headWidth
    precondition(x.rowLength == width, "\(x.shape), \(heads) heads of \(headWidth)")
    let y = Tensor(uninitialized: x.shape)
    let (source, target) = (x.storage, y.storage)
    let starts = (0..<3 * heads).map {
      self.source(of: $0 * headWidth..<($0 + 1) * headWidth).lowerBound
    }
    Workers.run(over: x.rowCount, grain: max(1, Tensor.elementGrain / max(1, width))) { rows in
      for row in rows {
        for (place, start) in starts.enumerated() {
          let (from, to) = isBack ? (place * headWidth, start) : (start, place * headWidth)
          (target.base + row * width + to).update(
            from: source.base + row * width + from, count: headWidth)
        }
      }
    }
    return y
  }
}
