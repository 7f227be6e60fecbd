// Letters: T positions, W width, r, s scales of norms.
import Datasets
import Factors
import Foundation
import Networks
import Randomness
import Tensors

/// A network whose weights are written by hand: two of its eight heads answer, the others do nothing.
///
/// The residual stream has a room each for the token (8), its place (16), the token before it (8) and the
/// answer (8), in which one number is 1 and the others 0. In the first layer a head looks from place t
/// to t − 1 and writes its token to the room of the token before; in the second a head looks from a token
/// to the places whose token before is the same, and writes their tokens to the room of the answer, which
/// the output reads. The norms are written so that they change nothing where nothing is taken away.
struct WrittenInduction {
  /// Heads of a layer.
  static let heads = 4
  static let width = 64
  /// The head of the first layer that looks one place back, and the head of the second that answers.
  let previous, induction: Int
  let sample: RecallNetwork

  private static let headWidth = width / heads
  /// Where the rooms begin.
  private enum Room {
    static let token = 0
    static let place = RecallTask.vocabulary
    static let before = place + RecallTask.length
    static let answer = before + RecallTask.vocabulary
  }
  /// A score of 30 before the softmax: what else is looked at has a weight below 1e-12.
  private static let sharpness = 30 * Float(headWidth).squareRoot()
  /// A logit of the answer.
  private static let gain: Float = 8
  private static let epsilon: Float = 1e-5

  /// - Parameter noise: standard deviation of what the other heads write with and of what they look
  ///   and bring with; 0: they write nothing.
  init(previous: Int, induction: Int, queries: Dataset, noise: Float = 0) {
    (self.previous, self.induction) = (previous, induction)
    let (vocabulary, length) = (RecallTask.vocabulary, RecallTask.length)
    let network = Network.gpt2(
      GPT2Configuration(
        vocabulary: vocabulary, context: length, layers: 2, heads: Self.heads,
        width: Self.width, mlpWidth: 1, isTied: false, epsilon: Self.epsilon))
    let weights = Weights(network)
    for token in 0..<vocabulary {
      weights["transformer.wte.weight", token, Room.token + token] = 1
      weights["lm_head.weight", token, Room.answer + token] = Self.gain
    }
    for place in 0..<length { weights["transformer.wpe.weight", place, Room.place + place] = 1 }
    // The rooms that are filled: token and place; with the token before; with the answer.
    for (norm, rooms) in [("h.0.ln_1", 2), ("h.1.ln_1", 3), ("ln_f", 4)] {
      weights.writeNorm("transformer.\(norm)", rooms: rooms)
    }
    if noise > 0 { weights.addNoise(noise, sparing: [previous, induction]) }
    func inward(_ layer: Int, _ row: Int, _ part: Int, _ head: Int, _ column: Int, _ x: Float) {
      weights[
        "transformer.h.\(layer).attn.c_attn.weight", row,
        part * Self.width + head * Self.headWidth + column] = x
    }
    func outward(_ layer: Int, _ head: Int, _ row: Int, _ column: Int) {
      weights[
        "transformer.h.\(layer).attn.c_proj.weight", head * Self.headWidth + row, column] = 1
    }
    for place in 0..<length {
      if place > 0 { inward(0, Room.place + place, 0, previous, place - 1, Self.sharpness) }
      inward(0, Room.place + place, 1, previous, place, 1)
    }
    for token in 0..<vocabulary {
      inward(0, Room.token + token, 2, previous, token, 1)
      outward(0, previous, token, Room.before + token)
      inward(1, Room.token + token, 0, induction, token, Self.sharpness)
      inward(1, Room.before + token, 1, induction, token, 1)
      inward(1, Room.token + token, 2, induction, token, 1)
      outward(1, induction, token, Room.answer + token)
    }
    // Before place 0 there is nothing: its head sees itself, and nobody is to look there.
    weights[
      "transformer.h.1.attn.c_attn.bias", induction * Self.headWidth + vocabulary] =
      Self.sharpness
    inward(1, Room.place, 1, induction, vocabulary, -1)
    sample = RecallNetwork(network: network, parameters: weights.flat, queries: queries)
  }

  /// f of a query by what was written: of the whole network, without the head that answers, and
  /// without the one that looks back.
  ///
  /// Whole: each answer's logit is `gain` above the others'. Without the head that answers, its room is
  /// empty and every token as likely. Without the one that looks back, nothing tells the places apart, and
  /// the answer is the histogram of all tokens so far but the first.
  func known(row: Int) -> (whole: Double, withoutInduction: Double, withoutPrevious: Double) {
    let (vocabulary, questions) = (Double(RecallTask.vocabulary), Double(RecallTask.questions))
    let whole = -questions * log1p((vocabulary - 1) * exp(-Double(Self.gain)))
    let tokens = sample.queries.inputs
    var withoutPrevious = 0.0
    for place in RecallTask.questionPlaces {
      let start = row * RecallTask.length
      var histogram = [Double](repeating: 0, count: RecallTask.vocabulary)
      for other in 1...place { histogram[Int(tokens[start + other])] += 1 / Double(place) }
      // The second norm meets two rooms where it was written for three.
      let (mean, from, to) = (2 / Double(Self.width), Self.size(2), Self.size(3))
      let brought = histogram.map { ($0 - mean) * to / from + 3 / Double(Self.width) }
      var stream = [Double](repeating: 0, count: Self.width)
      stream.replaceSubrange(0..<2, with: [1, 1])
      stream.replaceSubrange(Room.answer..<Room.answer + brought.count, with: brought)
      let middle = stream.reduce(0, +) / Double(Self.width)
      let variance = stream.reduce(0) { $0 + ($1 - middle) * ($1 - middle) } / Double(Self.width)
      let scale = Double(Self.gain) * Self.size(4) / (variance + Double(Self.epsilon)).squareRoot()
      let total = brought.reduce(0) { $0 + exp(scale * $1) }
      withoutPrevious += scale * brought[Int(tokens[start + place + 1])] - log(total)
    }
    return (whole, -questions * log(vocabulary), withoutPrevious)
  }

  /// √(variance + ε) of a stream with a 1 in so many rooms.
  fileprivate static func size(_ rooms: Int) -> Double {
    let mean = Double(rooms) / Double(width)
    return (mean - mean * mean + Double(epsilon)).squareRoot()
  }

  /// Parameters by name, row and column; all 0 at first.
  private struct Weights {
    let network: Network
    let flat: Tensor
    private let byName: [String: Parameter]

    init(_ network: Network) {
      self.network = network
      flat = Tensor(repeating: 0, shape: [network.parameterCount])
      byName = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0) })
    }

    subscript(_ name: String, _ row: Int, _ column: Int) -> Float {
      get { flat[place(name, row, column)] }
      nonmutating set { flat.storage.base[place(name, row, column)] = newValue }
    }

    subscript(_ name: String, _ column: Int) -> Float {
      get { self[name, 0, column] }
      nonmutating set { self[name, 0, column] = newValue }
    }

    private func place(_ name: String, _ row: Int, _ column: Int) -> Int {
      guard let parameter = byName[name], let width = parameter.shape.last else {
        preconditionFailure("no parameter \(name)")
      }
      let place = row * width + column
      precondition(0..<width ~= column && place < parameter.count, "\(name) \(row) \(column)")
      return parameter.offset + place
    }

    /// A norm that gives a stream with a 1 in so many rooms back as it is.
    func writeNorm(_ name: String, rooms: Int) {
      for column in 0..<WrittenInduction.width {
        self["\(name).weight", column] = Float(WrittenInduction.size(rooms))
        self["\(name).bias", column] = Float(rooms) / Float(WrittenInduction.width)
      }
    }

    /// Draws what all heads but one of each layer look, bring and write with.
    func addNoise(_ deviation: Float, sparing own: [Int]) {
      let (width, headWidth) = (WrittenInduction.width, WrittenInduction.headWidth)
      for (layer, spared) in own.enumerated() {
        let draws = Tensor(uninitialized: [4 * width, width])
        RandomStream(seed: 11, purpose: .split, index: UInt64(layer))
          .fillGaussian(draws.storage.base, count: draws.count, scale: deviation)
        for column in 0..<width where column / headWidth != spared {
          for other in 0..<width {
            for part in 0..<3 {
              self[
                "transformer.h.\(layer).attn.c_attn.weight", other, part * width + column] =
                draws[(part * width + other) * width + column]
            }
            self["transformer.h.\(layer).attn.c_proj.weight", column, other] =
              draws[(3 * width + other) * width + column]
          }
        }
      }
    }
  }
}
