import Tensors

extension Network {
  /// Linear layers with an activation (and dropout) between them, named as in `nn.Sequential`.
  ///
  /// Hidden neurons and whole hidden layers are ablation points. No hidden layer: logistic or linear regression.
  ///
  /// - Parameters:
  ///   - inputShape: shape of one example, flattened on the way in.
  ///   - dropout: rate after each hidden activation; 0 leaves the layer out.
  public static func multilayerPerceptron(
    inputShape: [Int], hidden: [Int], outputs: Int, activation: Activation.Kind = .relu,
    dropout: Float = 0
  ) -> Network {
    var builder = NetworkBuilder()
    var layers: [any Layer] = [Flatten()]
    var width = inputShape.reduce(1, *)
    var index = 0
    for size in hidden {
      layers.append(builder.linear("\(index)", inputs: width, outputs: size))
      layers.append(builder.activation(activation))
      layers.append(builder.ablationPoint(.neuron, of: "\(index)", units: size))
      layers.append(builder.ablationPoint(.layer, of: "\(index)", width: size))
      index += 2
      if dropout > 0 {
        layers.append(builder.dropout(dropout))
        index += 1
      }
      width = size
    }
    layers.append(builder.linear("\(index)", inputs: width, outputs: outputs))
    return Network(
      Sequential(layers), builder: builder, inputShape: inputShape, outputCount: outputs)
  }
}
