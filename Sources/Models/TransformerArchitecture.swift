import Networks
import Tensors

/// A transformer by its family and sizes: what a run file or a `config.json` comes to.
public enum TransformerArchitecture: Sendable, Hashable {
  /// `model_type: gpt2`, causal.
  case gpt2(GPT2Configuration)
  /// `model_type: llama` and its relatives, causal.
  case llama(LlamaConfiguration)
  /// `model_type: gpt_neox`, causal.
  case gptNeoX(GPTNeoXConfiguration)
  /// `model_type: bert` and its relatives, with a head for classes or numbers of sequences.
  case bert(BERTConfiguration)
  /// `model_type: vit`, with a head for classes or numbers of images.
  case vit(ViTConfiguration)

  /// The network; nil when no patch fits into the images.
  ///
  /// - Parameter inputShape: the shape of data examples: one length at most the context, or that of
  ///   the images; the context or the images when nil.
  public func network(inputShape: [Int]? = nil) -> Network? {
    switch self {
    case .gpt2(let sizes): .gpt2(sizes, length: inputShape?.first)
    case .llama(let sizes): .llama(sizes, length: inputShape?.first)
    case .gptNeoX(let sizes): .gptNeoX(sizes, length: inputShape?.first)
    case .bert(let sizes): .bert(sizes, length: inputShape?.first)
    case .vit(let sizes): .vit(sizes, inputShape: inputShape)
    }
  }

  /// Whether it predicts next tokens; else classes or numbers.
  package var isLanguageModel: Bool { loss == .nextToken }

  /// The loss that its outputs have.
  package var loss: Loss {
    switch self {
    case .gpt2, .llama, .gptNeoX: .nextToken
    case .bert(let sizes): sizes.isRegression ? .squaredError : .crossEntropy
    case .vit(let sizes): sizes.isRegression ? .squaredError : .crossEntropy
    }
  }

  /// Tokens of a language model, classes, or numbers.
  package var outputs: Int {
    switch self {
    case .gpt2(let sizes): sizes.vocabulary
    case .llama(let sizes): sizes.vocabulary
    case .gptNeoX(let sizes): sizes.vocabulary
    case .bert(let sizes): sizes.classes
    case .vit(let sizes): sizes.classes
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
    case .gptNeoX(let sizes):
      return Double(sizes.width) * Double(sizes.vocabulary)
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
  /// Vocabularies may differ by a tenth: embeddings are padded to round numbers, and tokenizers get
  /// tokens that no text has. `problem(tokens:)` refuses ids that the model does not have.
  ///
  /// - Parameter outputs: tokens, classes or numbers.
  package func problem(inputShape: [Int], outputs: Int) -> String? {
    let own = self.outputs
    if let problem = shapeProblem(inputShape) { return problem }
    if outputs == own { return nil }
    switch loss {
    case .nextToken:
      if abs(Double(own) - Double(outputs)) <= 0.1 * Double(own) { return nil }
      return
        "has \(own) tokens, and the data \(outputs) (of texts, give the model's tokenizer; for "
        + "arrays of ids set `vocabulary: \(own)`)"
    case .crossEntropy: return "has \(own) classes, and the data \(outputs)"
    case .squaredError: return "predicts \(own) numbers, and the data has \(outputs)"
    }
  }

  /// How data are taken otherwise than they seem, a line each.
  ///
  /// - Parameters:
  ///   - outputs: tokens, classes or numbers of the data.
  ///   - areTexts: whether a tokenizer made the sequences, one text each.
  package func notes(outputs: Int, areTexts: Bool) -> [String] {
    if isLanguageModel, outputs != self.outputs {
      return [
        "the model has \(self.outputs) tokens and the data \(outputs): "
          + (outputs < self.outputs ? "no example has the others" : "the others occur nowhere")
      ]
    }
    guard case .bert(let sizes) = self, !areTexts, sizes.family == .bert, sizes.segments > 1 else {
      return []
    }
    guard let separator = sizes.separator else {
      return [
        "all tokens have type 0; of pairs the second text has type 1: put the model's tokenizer.json "
          + "beside its weights, or sep_token_id into its config.json"
      ]
    }
    return ["tokens behind the first \(separator) (the separator of pairs) have type 1"]
  }

  private func shapeProblem(_ inputShape: [Int]) -> String? {
    let context: Int
    switch self {
    case .gpt2(let sizes): context = sizes.context
    case .llama(let sizes):
      context = sizes.context
      if let window = sizes.window, inputShape.count == 1, inputShape[0] > window {
        return "attends to a sliding window of \(window) tokens, which is not built for longer "
          + "sequences, and these are \(inputShape[0]) long (set `length: \(window)`)"
      }
    case .gptNeoX(let sizes): context = sizes.context
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

  /// Why inputs are no tokens of the model; nil when they are, and of images.
  ///
  /// - Parameter inputs: n × T; every id a whole number below the vocabulary, padding only at the
  ///   end of an example, and never alone.
  package func problem(tokens inputs: Tensor) -> String? {
    let (vocabulary, padding): (Int, Int?)
    switch self {
    case .bert(let sizes): (vocabulary, padding) = (sizes.vocabulary, sizes.padding)
    case .gpt2, .llama, .gptNeoX: (vocabulary, padding) = (outputs, nil)
    case .vit: return nil
    }
    let (length, ids) = (inputs.rowLength, inputs.storage.base)
    let filler = Float(padding ?? -1)
    for row in 0..<inputs.rowCount {
      var ends = false
      for place in 0..<length {
        let id = ids[row * length + place]
        guard id == id.rounded(), id >= -1, id < Float(vocabulary) else {
          let found = Int(exactly: id).map(String.init) ?? "\(id)"
          return "takes tokens from 0 to \(vocabulary - 1); example \(row) has \(found) "
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
