// Letters: B sequences, T positions.
import Components
import Datasets
import Networks
import Randomness
import Storage
import TestSupport
import Tensors

/// Sequences of pairs of a key and its value, then questions: keys again, each with its value behind it.
///
///     b W  d X  a X | d X  b W  b W  a X  d X
///
/// The values behind the questions are asked for. Nothing but the pairs of the same sequence tells
/// them, at a place that only the key tells: a head must find where the key stood and bring what
/// stood behind it, and for that another head, in an earlier layer, must have written to each place
/// what stands before it. One layer of attention cannot do it.
enum RecallTask {
  static let (keys, values) = (4, 4)
  static let (pairs, questions) = (3, 5)
  static let vocabulary = keys + values
  static let length = 2 * (pairs + questions)
  /// Where the keys of the questions stand: the value behind each is asked for.
  static let questionPlaces = (pairs..<pairs + questions).map { 2 * $0 }

  /// - Parameter index: sequences of another index are others.
  static func sequences(_ count: Int, index: UInt64) -> Dataset {
    let tokens = Tensor(uninitialized: [count, length])
    let asked = Tensor(repeating: -1, shape: [count, length])
    for row in 0..<count {
      let stream = index << 32 | UInt64(2 * row)
      let keys = RandomStream(seed: 7, purpose: .split, index: stream).sample(pairs, of: self.keys)
      let draws = RandomStream(seed: 7, purpose: .split, index: stream + 1)
      let values = (0..<pairs).map {
        self.keys + draws.integer(below: self.values, at: UInt64($0))
      }
      for number in 0..<pairs + questions {
        let pair =
          number < pairs ? number : draws.integer(below: pairs, at: UInt64(number))
        let place = row * length + 2 * number
        tokens.storage.base[place] = Float(keys[pair])
        tokens.storage.base[place + 1] = Float(values[pair])
        if number >= pairs { asked.storage.base[place + 1] = Float(values[pair]) }
      }
    }
    return Dataset(
      inputs: tokens,
      targets: .tokens(asked, vocabulary: (0..<vocabulary).map { "\($0)" }))
  }

  /// The places before `place` where the same token stands.
  static func earlier(_ place: Int, in tokens: Tensor, row: Int) -> [Int] {
    let start = row * length
    return (0..<place).filter { tokens[start + $0] == tokens[start + place] }
  }
}

/// A network that answers, with the sequences that it is asked about.
struct RecallNetwork {
  let network: Network
  let parameters: Tensor
  let queries: Dataset

  /// The head's number among all heads: h.`layer`.attn.head.`unit`.
  func place(layer: Int, head: Int) -> Int {
    layer * (network.components.first { $0.kind == .head }?.units ?? 0) + head
  }

  /// f = log p of the values behind the questions of each query, and the share of them whose value
  /// has the largest logit, without some heads; of the network's own forward pass.
  ///
  /// - Parameter heads: their numbers among all heads.
  func without(_ heads: [Int]) throws -> (values: [Float], accuracy: Double) {
    var masks: [Int: AblationMask] = [:]
    var first = 0
    for group in network.components where group.kind == .head {
      let mask = Tensor(repeating: 1, shape: [queries.count, group.units])
      for row in 0..<queries.count {
        for head in heads where first..<first + group.units ~= head {
          mask.storage.base[row * group.units + head - first] = 0
        }
      }
      masks[group.point] = AblationMask(mask: mask)
      first += group.units
    }
    let logits = try network.outputs(queries.inputs, parameters: parameters, ablation: masks)
    let targets = TargetValues(queries.targets)
    let predicted = TokenOutputs([.logProbability], logits, targets).predicted
    var right = 0
    for row in 0..<queries.count {
      for place in RecallTask.questionPlaces {
        let cell = row * RecallTask.length + place
        right += Float(predicted[cell]) == queries.inputs[cell + 1] ? 1 : 0
      }
    }
    return (
      OutputFunction.logProbability.values(logits, targets),
      Double(right) / Double(queries.count * RecallTask.questions)
    )
  }

  /// A study of heads, or of other parts, whose f is the sum of log p over the values asked for.
  func study(
    in folder: ScratchFolder, kinds: [ComponentGroup.Kind] = [.head],
    share: Double = ComponentStudy.standardShare, seed: UInt64 = 0
  ) throws -> ComponentStudy {
    try ComponentStudy(
      try MaskedOutputs(
        network, parameters: parameters, components: try ComponentSet(network, kinds: kinds),
        queries: queries, function: .logProbability),
      share: share, seed: seed, identity: Fingerprint(["model": "recall"]), folder: folder.path)
  }
}
