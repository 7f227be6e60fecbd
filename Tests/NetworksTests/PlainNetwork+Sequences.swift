import Factors
import Foundation
import Networks
import Tensors

/// Layers over rows and sequences.
extension PlainNetwork {
  func linear(_ layer: Linear, _ v: PlainValue) -> PlainValue {
    let w = flat(layer.weight)
    let b = layer.bias.map { flat($0) }
    let outputs = layer.weight.shape[layer.isTransposed ? 1 : 0]
    let inputs = v.width
    var y: [Double] = []
    for row in 0..<v.rows {
      for o in 0..<outputs {
        var sum = b?[o] ?? 0
        for i in 0..<inputs {
          sum += w[layer.isTransposed ? i * outputs + o : o * inputs + i] * v.x[row * inputs + i]
        }
        y.append(sum)
      }
    }
    return PlainValue(y, v.shape.dropLast() + [outputs])
  }

  func embedding(_ layer: Embedding, _ v: PlainValue) -> PlainValue {
    let (tokens, width, places) = (flat(layer.tokens), layer.tokens.shape[1], v.width)
    let positions = layer.positions.map { flat($0) }
    let segments = layer.segments.map { flat($0) }
    let filler = Double(layer.padding ?? -1)
    let found: [Int] = (0..<v.rows).map { (row: Int) -> Int in
      let ids = v.x[row * places..<(row + 1) * places]
      let last = ids.lastIndex { $0 >= 0 && $0 != filler }
      return last.map { $0 - row * places + 1 } ?? 0
    }
    remember(lengths: found.allSatisfy { $0 == places } ? nil : found)
    var y: [Double] = []
    for place in v.x.indices {
      let before = v.x[place / places * places..<place]
      let type = before.contains { Int($0) == layer.separator } ? width : 0
      let token = Int(max(0, v.x[place])) * width
      let position = (layer.firstPosition + place % places) * width
      for k in 0..<width {
        let others: Double = (positions?[position + k] ?? 0) + (segments?[type + k] ?? 0)
        y.append(tokens[token + k] + others)
      }
    }
    return PlainValue(y, v.shape + [width])
  }

  func layerNorm(_ layer: LayerNorm, _ v: PlainValue) -> PlainValue {
    let scale = flat(layer.scale).map { $0 + Double(layer.offset) }
    let (shift, width) = (layer.shift.map { flat($0) }, scale.count)
    var y: [Double] = []
    for row in 0..<v.rows * layer.parts {
      let x = Array(v.x[row * width..<(row + 1) * width])
      let mean = layer.kind == .layer ? x.reduce(0, +) / Double(width) : 0
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
      let size = (variance + Double(layer.epsilon)).squareRoot()
      for k in 0..<width {
        let unit: Double = (x[k] - mean) / size
        y.append(scale[k] * unit + (shift?[k] ?? 0))
      }
    }
    return PlainValue(y, v.shape)
  }

  func activation(_ layer: Activation, _ v: PlainValue) -> PlainValue {
    switch layer.kind {
    case .relu:
      let open = chosen { v.x.map { $0 > 0 ? 1 : 0 } }
      return v.times(open.map { Double($0) })
    case .gelu: return v.mapped { 0.5 * $0 * (1 + erf($0 / 2.0.squareRoot())) }
    case .geluTanh:
      let root = (2 / Double.pi).squareRoot()
      return v.mapped { (x: Double) -> Double in
        let inner = x + 0.044715 * x * x * x
        return 0.5 * x * (1 + tanh(root * inner))
      }
    case .silu: return v.mapped { $0 / (1 + exp(-$0)) }
    case .tanh: return v.mapped { tanh($0) }
    }
  }

  func gated(_ layer: GatedProduct, _ v: PlainValue) -> PlainValue {
    let half = v.width / 2
    var y: [Double] = []
    for row in 0..<v.rows {
      for k in 0..<half {
        let g = v.x[row * v.width + k]
        let root = (2 / Double.pi).squareRoot()
        let gate =
          layer.kind == .silu
          ? g / (1 + exp(-g)) : 0.5 * g * (1 + tanh(root * (g + 0.044715 * g * g * g)))
        y.append(gate * v.x[row * v.width + half + k])
      }
    }
    return PlainValue(y, v.shape.dropLast() + [half])
  }

  func rotary(_ layer: Rotary, _ v: PlainValue) -> PlainValue {
    var y = v
    let half = layer.turning / 2
    for row in 0..<v.rows {
      for head in 0..<layer.heads {
        for k in 0..<half {
          let power = -2 * Double(k) / Double(layer.turning)
          let angle = Double(row % v.places) * layer.scaling.scaled(pow(layer.base, power))
          let a = row * v.width + head * layer.headWidth + k
          y.x[a] = v.x[a] * cos(angle) - v.x[a + half] * sin(angle)
          y.x[a + half] = v.x[a + half] * cos(angle) + v.x[a] * sin(angle)
        }
      }
    }
    return y
  }

  func attention(_ layer: Attention, _ v: PlainValue) -> PlainValue {
    let (places, width, d) = (v.places, v.width, layer.headWidth)
    let mask = attentionMask(layer, places: places, width: width)
    var y: [Double] = []
    for example in 0..<batch {
      let length = lengths?[example] ?? places
      for t in 0..<places {
        for head in 0..<layer.heads {
          var output = [Double](repeating: 0, count: d)
          defer { y += output }
          guard t < length else { continue }
          let key = head * layer.keyHeads / layer.heads
          let query = (example * places + t) * width + head * d
          func row(_ s: Int, _ head: Int) -> Int { (example * places + s) * width + head * d }
          let scale = layer.scale.map { Double($0) } ?? 1 / Double(d).squareRoot()
          let seen = layer.isCausal ? min(length, t + 1) : length
          let scores: [Double] = (0..<seen).map { s in
            let start = row(s, layer.heads + key)
            let score = scale * (0..<d).reduce(0.0) { $0 + v.x[query + $1] * v.x[start + $1] }
            return layer.cap.map { Double($0) * tanh(score / Double($0)) } ?? score
          }
          let total = scores.reduce(0) { $0 + exp($1) }
          for (s, score) in scores.enumerated() {
            let place = (example * layer.heads + head) * places + t
            let weight: Double = exp(score) / total * (mask?[place * places + s] ?? 1)
            let value = row(s, layer.heads + layer.keyHeads + key)
            for k in 0..<d { output[k] += weight * v.x[value + k] }
          }
        }
      }
    }
    return PlainValue(y, v.shape.dropLast() + [layer.heads * d])
  }

  /// B × H × T × T of 0 and 1/(1 − rate), read off the outputs of equal weights on unit values.
  private func attentionMask(_ layer: Attention, places: Int, width: Int) -> [Double]? {
    guard draws != nil, layer.dropout > 0 else { return nil }
    let d = layer.headWidth
    var mask = [Double](repeating: 0, count: batch * layer.heads * places * places)
    for first in stride(from: 0, to: places, by: d) {
      var x = Tensor(repeating: 0, shape: [batch, places, width])
      for example in 0..<batch {
        for key in 0..<layer.keyHeads {
          for s in first..<min(places, first + d) {
            let head = layer.heads + layer.keyHeads + key
            x[(example * places + s) * width + head * d + s - first] = 1
          }
        }
      }
      let y = engine(layer, x)
      for row in 0..<batch * places {
        for head in 0..<layer.heads {
          for s in first..<min(places, first + d)
          where y[(row * layer.heads + head) * d + s - first] > 0 {
            let place = (row / places * layer.heads + head) * places + row % places
            mask[place * places + s] = Double(1 / (1 - layer.dropout))
          }
        }
      }
    }
    return mask
  }

  func meanPool(_ layer: MeanPool, _ v: PlainValue) -> PlainValue {
    var y = [Double](repeating: 0, count: batch * v.width)
    for place in v.x.indices {
      y[place / (v.places * v.width) * v.width + place % v.width] += v.x[place] / Double(v.places)
    }
    return PlainValue(y, [batch, v.width])
  }

  func firstPosition(_ layer: FirstPosition, _ v: PlainValue) -> PlainValue {
    let size = v.places * v.width
    return PlainValue(
      (0..<batch).flatMap { Array(v.x[$0 * size..<$0 * size + v.width]) }, [batch, v.width])
  }
}
