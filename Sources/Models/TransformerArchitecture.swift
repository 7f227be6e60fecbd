import Networks
import Tensors

/// A transformer by its family and sizes: what a run file or a `config.json` comes to.
public enum TransformerArchitecture: Sendable, Hashable {
  /// `model_type: gpt2`, causal.
  case gpt2(GPT2Configuration)
  /// `model_type: llama`, causal.
  case llama(LlamaConfiguration)
  /// `model_type: bert`, a classifier of sequences.
  case bert(BERTConfiguration)
  /// `model_type: vit`, a classifier of images.
  case vit(ViTConfiguration)

  /// The network; nil when no patch fits into the images.
  ///
  /// - Parameter inputShape: the shape of data examples: one length at most the context, or that of
  ///   the images; the context or the images when nil.
  public func network(inputShape: [Int]? = nil) -> Network? {
    switch self {
    case .gpt2(let sizes): .gpt2(sizes, length: inputShape?.first)
    case .llama(let sizes): .llama(sizes, length: inputShape?.first)
    case .bert(let sizes): .bert(sizes, length: inputShape?.first)
    case .vit(let sizes): .vit(sizes, inputShape: inputShape)
    }
  }

  /// Whether it predicts next tokens; else classes.
  package var isLanguageModel: Bool {
    switch self {
    case .gpt2, .llama: true
    case .bert, .vit: false
    }
  }

  /// A lower bound of the number of parameters, as a Double so that no size overflows: the matrices
  /// without norms, biases and the head.
  var leastParameters: Double {
    func blocks(_ layers: Int, width: Int, mlpWidth: Int) -> Double {
      Double(layers) * Double(width) * (4 * Double(width) + 2 * Double(mlpWidth))
    }
    switch self {
    case .gpt2(let sizes):
      return Double(sizes.width) * (Double(sizes.vocabulary) + Double(sizes.context))
        + blocks(sizes.layers, width: sizes.width, mlpWidth: sizes.mlpWidth)
    case .llama(let sizes):
      let heads = 2 * Double(sizes.heads) + 2 * Double(sizes.keyHeads)
      return Double(sizes.width) * Double(sizes.vocabulary) + Double(sizes.layers)
        * Double(sizes.width) * (heads * Double(sizes.headWidth) + 3 * Double(sizes.mlpWidth))
    case .bert(let sizes):
      let rows = Double(sizes.vocabulary) + Double(sizes.context) + Double(sizes.segments)
      return Double(sizes.width) * (rows + Double(sizes.width) + Double(sizes.classes))
        + blocks(sizes.layers, width: sizes.width, mlpWidth: sizes.mlpWidth)
    case .vit(let sizes):
      let area = Double(sizes.patch) * Double(sizes.patch)
      let patches = Double(sizes.image.height / sizes.patch * (sizes.image.width / sizes.patch))
      let rows = patches + area * Double(sizes.image.channels) + Double(sizes.classes)
      return Double(sizes.width) * rows
        + blocks(sizes.layers, width: sizes.width, mlpWidth: sizes.mlpWidth)
    }
  }

  /// Why data does not suit; nil when it does.
  ///
  /// - Parameter outputs: tokens, or classes.
  package func problem(inputShape: [Int], outputs: Int) -> String? {
    let own: Int
    switch self {
    case .gpt2(let sizes): own = sizes.vocabulary
    case .llama(let sizes): own = sizes.vocabulary
    case .bert(let sizes): own = sizes.classes
    case .vit(let sizes): own = sizes.classes
    }
    if let problem = shapeProblem(inputShape) { return problem }
    if outputs == own { return nil }
    return isLanguageModel
      ? "has \(own) tokens, and the data \(outputs) (for arrays of ids set `vocabulary: \(own)`)"
      : "has \(own) classes, and the data \(outputs)"
  }

  private func shapeProblem(_ inputShape: [Int]) -> String? {
    let context: Int
    switch self {
    case .gpt2(let sizes): context = sizes.context
    case .llama(let sizes): context = sizes.context
    case .bert(let sizes): context = sizes.context
    case .vit(let sizes):
      // Rows in the order channels, height, width will do.
      if inputShape == [sizes.image.count] { return nil }
      guard let image = ImageShape(inputShape: inputShape) else {
        return "reads images of \(sizes.image), not examples of \(inputShape)"
      }
      return image == sizes.image
        ? nil : "reads images of \(sizes.image), and the data has \(image)"
    }
    guard inputShape.count == 1 else { return "takes sequences, not examples of \(inputShape)" }
    return inputShape[0] <= context
      ? nil : "has a context of \(context), and the sequences are \(inputShape[0]) long"
  }

  /// Why inputs are no tokens of a classifier of sequences; nil when they are, and for the others,
  /// whose readers have looked.
  ///
  /// - Parameter inputs: n × T; every id a whole number below the vocabulary, padding only at the
  ///   end of an example, and never alone.
  package func problem(tokens inputs: Tensor) -> String? {
    guard case .bert(let sizes) = self else { return nil }
    let (length, ids) = (inputs.rowLength, inputs.storage.base)
    let filler = Float(sizes.padding ?? -1)
    for row in 0..<inputs.rowCount {
      var ends = false
      for place in 0..<length {
        let id = ids[row * length + place]
        guard id == id.rounded(), id >= -1, id < Float(sizes.vocabulary) else {
          let found = Int(exactly: id).map(String.init) ?? "\(id)"
          return "takes tokens from 0 to \(sizes.vocabulary - 1); example \(row) has \(found) "
            + "at position \(place)"
        }
        let isPadding = id < 0 || id == filler
        if place == 0 && isPadding { return "takes sequences; example \(row) begins with padding" }
        if ends && !isPadding {
          return "takes padding at the end alone; example \(row) goes on at position \(place)"
        }
        ends = isPadding
      }
    }
    return nil
  }
}
