/// How k features are shared among layers, and how a layer's share factorises.
///
/// Every layer gets the same share: a random projection's error depends on the dimension it projects
/// to and the size of the gradient, not on the number of coordinates, and which layer's gradients
/// are large is not known beforehand. A layer with fewer coordinates than its share is kept whole,
/// the others share what it leaves.
enum LayerPlan {
  /// Features of each layer, Σ = min(k, p), at least 1 each; needs k ≥ number of layers.
  static func shares(of k: Int, layers: [LayerShape]) -> [Int] {
    var shares = [Int](repeating: 0, count: layers.count)
    let smallestFirst = layers.indices.sorted {
      (layers[$0].coordinateCount, $0) < (layers[$1].coordinateCount, $1)
    }
    var rest = k
    for (place, index) in smallestFirst.enumerated() {
      let share = rest / (layers.count - place)
      shares[index] = min(layers[index].coordinateCount, share)
      rest -= shares[index]
    }
    return shares
  }

  /// The sides (k_out, k_in) of at most `share` features for a layer: those of least error.
  ///
  /// The error of the inner product of two outer products d ⊗ a grows as 2/k_out + 2/k_in, where a
  /// side kept whole adds nothing. Equal errors: the larger product, then the larger k_in.
  static func sides(share: Int, layer: LayerShape) -> (outputs: Int, inputs: Int) {
    var best = (outputs: 1, inputs: 1)
    var bestError = Double.infinity
    for outputs in 1...min(layer.outputs, share) {
      let inputs = min(layer.inputs, share / outputs)
      let error =
        (outputs < layer.outputs ? 2 / Double(outputs) : 0)
        + (inputs < layer.inputs ? 2 / Double(inputs) : 0)
      let isLarger = (outputs * inputs, inputs) > (best.outputs * best.inputs, best.inputs)
      if error < bestError || error == bestError && isLarger {
        best = (outputs, inputs)
        bestError = error
      }
    }
    return best
  }
}
