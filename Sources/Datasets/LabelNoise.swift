import Randomness

/// Label noise that is planted to see whether it is found again.
public struct LabelNoise: Sendable, Equatable, Codable {
  /// The share of examples whose class is changed, 0 to 1.
  public var fraction: Double
  /// The seed of the choice.
  public var seed: UInt64

  /// Noise by fraction and seed.
  public init(fraction: Double, seed: UInt64 = 0) {
    precondition(fraction >= 0 && fraction <= 1, "fraction \(fraction)")
    (self.fraction, self.seed) = (fraction, seed)
  }

  /// The dataset with exactly round(fraction · n) examples moved to another class.
  ///
  /// Each of the other classes is equally likely. What the classes were stays with the dataset.
  ///
  /// - Throws: `DatasetError.noiseNeedsClasses`, or `.oneClass` when there is no other class.
  public func planted(in dataset: Dataset, file: String) throws(DatasetError) -> Dataset {
    guard case .classes(var classes, let names) = dataset.targets else {
      throw .noiseNeedsClasses(file: file)
    }
    guard names.count >= 2 else { throw .oneClass(file: file, classes: names) }
    let original = classes
    let n = classes.count
    let chosen = RandomStream(seed: seed, purpose: .flip, index: 0)
    let others = RandomStream(seed: seed, purpose: .flip, index: 1)
    for row in chosen.sample(Int((fraction * Double(n)).rounded()), of: n) {
      let other = Int32(others.integer(below: names.count - 1, at: UInt64(row)))
      classes[row] = other < classes[row] ? other : other + 1
    }
    return Dataset(
      ids: dataset.ids, inputs: dataset.inputs, targets: .classes(classes, names: names),
      originalClasses: original, tokenizer: dataset.tokenizer)
  }
}
