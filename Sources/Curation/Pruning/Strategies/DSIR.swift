// Letters: n training texts, b buckets.
import Foundation
import Randomness

extension PruneStrategy {
  /// Buckets that tokens and pairs of neighbours are hashed into.
  static let buckets = 10_000

  /// Drawn by how much likelier a text is among the test texts than among the training texts.
  ///
  ///     log w = Σ_grams log p_test(gram) − log p_train(gram),   the k largest log w + Gumbel noise
  ///
  /// Grams are tokens and pairs of neighbours in 10,000 buckets, each counted once more than it is there.
  /// Of the test set the texts are read, not what they are to be answered with.
  static let dsir = PruneStrategy(
    "dsir", keeps: "a draw of the texts that are like those of the test set",
    source: "Xie et al. 2023 (arXiv:2302.03169)", needs: [.texts], cost: "the tokens"
  ) { context, kept in
    let texts = try context.sources.texts()
    let (source, target) = (frequencies(texts.training), frequencies(texts.target))
    let ratios = zip(target, source).map { log($0) - log($1) }
    let noise = context.uniforms(.texts)
    let values = texts.training.enumerated().map { row, text in
      let sum = grams(text).reduce(0.0) { $0 + ratios[$1] }
      return Float(sum - log(-log(max(noise[row], 1e-300))))
    }
    return PruneSelection(first: kept, of: context.order(falling: values)) { _ in .random }
  }

  /// The buckets of a text's tokens and of its pairs of neighbours.
  static func grams(_ text: [Int32]) -> [Int] {
    func bucket(_ a: UInt64, _ b: UInt64) -> Int {
      var mixed = (a &+ 1) &* 0x9E37_79B9_7F4A_7C15 ^ (b &+ 1) &* 0xC2B2_AE3D_27D4_EB4F
      mixed ^= mixed >> 29
      mixed = mixed &* 0xBF58_476D_1CE4_E5B9
      return Int((mixed ^ mixed >> 32) % UInt64(buckets))
    }
    let ids = text.map { UInt64(bitPattern: Int64($0)) }
    return ids.map { bucket($0, .max - 1) } + zip(ids, ids.dropFirst()).map { bucket($0, $1) }
  }

  /// The share of each bucket, one added to each count.
  private static func frequencies(_ texts: [[Int32]]) -> [Double] {
    var counts = [Double](repeating: 1, count: buckets)
    for text in texts { for gram in grams(text) { counts[gram] += 1 } }
    let sum = counts.reduce(0, +)
    return counts.map { $0 / sum }
  }
}
