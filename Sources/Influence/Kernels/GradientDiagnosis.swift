import Datasets
import Tensors

/// Gradients that cannot be scored, or should not be trusted, noticed before the solve.
struct GradientDiagnosis {
  /// What the user should know, a line each.
  let notes: [String]
  /// Whether an example's gradient is zero, n values.
  let isZero: [Bool]

  /// - Throws: `InfluenceError.nonFiniteGradient` naming the first example with one,
  ///   `InfluenceError.allZero`.
  init(squaredNorms: [Float], data: Dataset, checkpoint: String) throws(InfluenceError) {
    if let bad = squaredNorms.firstIndex(where: { !$0.isFinite }) {
      throw .nonFiniteGradient(example: "\(data.ids[bad])", checkpoint: checkpoint)
    }
    let zeros = squaredNorms.indices.filter { squaredNorms[$0] == 0 }
    if zeros.count == squaredNorms.count && !zeros.isEmpty {
      throw .allZero(checkpoint: checkpoint)
    }
    var notes: [String] = []
    if !zeros.isEmpty {
      let some = zeros.prefix(5).map { "\(data.ids[$0])" }.joined(separator: ", ")
      notes.append(
        "\(checkpoint): \(zeros.count) training "
          + (zeros.count == 1
            ? "example has a zero gradient and scores 0 ("
            : "examples have a zero gradient and score 0 (")
          + some + (zeros.count > 5 ? ", …)" : ")"))
    }
    self.notes = notes
    isZero = squaredNorms.map { $0 == 0 }
  }
}

extension Dataset {
  /// What the user should know about inputs that occur twice; nil when none does.
  func duplicateNote() -> String? {
    let width = featureCount
    // Examples of gradients from elsewhere may have no inputs.
    guard width > 0 else { return nil }
    let digests = Buffer<UInt64>(uninitialized: count)
    let (values, total) = (inputs.storage, count)
    Workers.run(over: total, grain: 256) { rows in
      for row in rows {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for i in row * width..<(row + 1) * width {
          digest = (digest ^ UInt64(values.base[i].bitPattern)) &* 0x9e37_79b9_7f4a_7c15
          digest ^= digest >> 29
        }
        digests.base[row] = digest
      }
    }
    var seen = Set<UInt64>(minimumCapacity: total)
    // 64 bits: a chance of 10⁻⁹ to count one too many among 100,000 examples.
    let duplicates = (0..<total).count { !seen.insert(digests.base[$0]).inserted }
    guard duplicates > 0 else { return nil }
    return "\(duplicates) training examples repeat another one's input exactly: their scores share "
      + "what one of them would get"
  }
}
