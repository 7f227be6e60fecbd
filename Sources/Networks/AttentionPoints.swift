// Letters: B batch, T positions, H query heads, G key and value heads, D width of a head.
import Tensors

/// An attention with the ablation points around it.
package struct AttentionPoints: Sendable {
  /// Queries, keys and values into o.
  package let attention: Attention
  /// H, G, G and H units of width D.
  package let queries, keys, values, heads: ComponentGroup

  /// o of some queries, keys and values, B × T × H·D, as in a pass, in evaluation mode.
  ///
  /// - Parameters:
  ///   - q: B × T × H·D.
  ///   - k: B × T × G·D; v as k.
  ///   - pass: whose lengths count.
  package func outputs(_ q: Tensor, _ k: Tensor, _ v: Tensor, as pass: Pass, in network: Network)
    -> Tensor
  {
    let width = (attention.heads + 2 * attention.keyHeads) * attention.headWidth
    var x = Tensor(uninitialized: q.shape.dropLast() + [width])
    var start = 0
    for part in [q, k, v] {
      x = x.replacing(start..<start + part.rowLength, by: part)
      start += part.rowLength
    }
    let own = network.pass(pass.parameters, batch: pass.batch, for: .outputs)
    own.lengths = pass.lengths
    return attention.forward(x, own)
  }
}

extension Network {
  /// Its attentions with points around them, in the order of a forward pass.
  package var attentionPoints: [AttentionPoints] { Network.attentionPoints(in: [root]) }

  private static func attentionPoints(in layers: [any Layer]) -> [AttentionPoints] {
    layers.enumerated().flatMap { index, layer -> [AttentionPoints] in
      switch layer {
      case let attention as Attention:
        let before = layers[..<index].suffix(3).compactMap { ($0 as? ColumnPoint)?.point.group }
        guard before.count == 3, let after = layers.dropFirst(index + 1).first as? AblationPoint
        else { return [] }
        return [
          AttentionPoints(
            attention: attention, queries: before[0], keys: before[1], values: before[2],
            heads: after.group)
        ]
      case let sequence as Sequential: return attentionPoints(in: sequence.layers)
      case let block as Block: return attentionPoints(in: block.body.layers)
      case let residual as Residual:
        return attentionPoints(in: residual.body.layers + (residual.shortcut?.layers ?? []))
      default: return []
      }
    }
  }
}
