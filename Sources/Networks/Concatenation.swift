// Letters: R rows, W width of all outputs.
import Factors
import Tensors

/// Several layers on the same input, their outputs side by side: queries, keys and values.
package struct Concatenation: SavingLayer {
  /// The layers, in the order of their outputs.
  package let layers: [any Layer]
  let slot: Int

  /// Their parameters, in order.
  package var parameters: [Parameter] { layers.flatMap(\.parameters) }
  /// Their components.
  package var components: [ComponentGroup] { layers.flatMap(\.components) }

  /// Plans the layers; what they make side by side matters when any part does.
  package func plan(_ plan: inout PassPlan, inputMatters: Bool) -> Bool {
    let matters = layers.map { $0.plan(&plan, inputMatters: inputMatters) }.contains(true)
    return plan.visit(slot, [], inputMatters: matters)
  }

  /// y = [f(x), g(x), …].
  package func forward(_ x: Tensor, _ pass: Pass) -> Tensor {
    let parts = layers.map { $0.forward(x, pass) }
    let widths = parts.map(\.rowLength)
    pass.keep(SavedSizes(sizes: widths), at: slot)
    return joined(parts.map { Optional($0) }, widths) ?? x
  }

  /// dx = Σ of what each layer gives for its part of dy.
  package func backward(_ dy: Tensor, _ pass: Pass) -> Tensor? {
    zip(layers, split(dy, pass)).reduce(nil) { total, part in
      pass.reaches(part.0.ownSlot) ? sum(total, part.0.backward(part.1, pass)) : total
    }
  }

  /// ry = [R(f), R(g), …].
  package func forwardTangent(_ rx: Tensor?, _ pass: Pass) -> Tensor? {
    guard pass.reaches(slot) else { return nil }
    return joined(layers.map { $0.forwardTangent(rx, pass) }, widths(pass))
  }

  /// Sums of what each layer gives for its part.
  package func backwardTangent(
    _ dy: Tensor, _ rdy: Tensor?, _ pass: Pass
  ) -> (dx: Tensor?, rdx: Tensor?) {
    let moved = rdy.map { split($0, pass) }
    var result: (dx: Tensor?, rdx: Tensor?) = (nil, nil)
    for (index, part) in split(dy, pass).enumerated()
    where pass.reaches(layers[index].ownSlot) {
      let (dx, rdx) = layers[index].backwardTangent(part, moved?[index], pass)
      result = (sum(result.dx, dx), sum(result.rdx, rdx))
    }
    return result
  }

  private func widths(_ pass: Pass) -> [Int] { pass[slot, as: SavedSizes.self].sizes }

  /// Parts side by side, nil parts as zeros; nil when there is none.
  private func joined(_ parts: [Tensor?], _ widths: [Int]) -> Tensor? {
    guard let some = parts.lazy.compactMap({ $0 }).first else { return nil }
    let total = widths.reduce(0, +)
    let y = Tensor(uninitialized: some.shape.dropLast() + [total])
    let target = y.storage
    Workers.run(over: y.rowCount, grain: max(1, Tensor.elementGrain / max(1, total))) { rows in
      for row in rows {
        var place = target.base + row * total
        for (part, width) in zip(parts, widths) {
          if let part {
            place.update(from: part.storage.base + row * width, count: width)
          } else {
            place.update(repeating: 0, count: width)
          }
          place += width
        }
      }
    }
    return y
  }

  private func split(_ dy: Tensor, _ pass: Pass) -> [Tensor] {
    let widths = widths(pass)
    let total = dy.rowLength
    let parts = widths.map { Tensor(uninitialized: dy.shape.dropLast() + [$0]) }
    let source = dy.storage
    Workers.run(over: dy.rowCount, grain: max(1, Tensor.elementGrain / max(1, total))) { rows in
      for row in rows {
        var place = source.base + row * total
        for part in parts {
          let width = part.rowLength
          (part.storage.base + row * width).update(from: place, count: width)
          place += width
        }
      }
    }
    return parts
  }
}
