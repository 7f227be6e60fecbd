import Datasets

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
        "\(checkpoint): \(zeros.count) training examples have a zero gradient and score 0 ("
          + some + (zeros.count > 5 ? ", …)" : ")"))
    }
    let duplicates = data.duplicateInputs()
    if duplicates > 0 {
      notes.append(
        "\(duplicates) training examples repeat another one's input exactly: their scores share "
          + "what one of them would get")
    }
    self.notes = notes
    isZero = squaredNorms.map { $0 == 0 }
  }
}

extension Dataset {
  /// How many examples have the very input of an earlier one.
  func duplicateInputs() -> Int {
    var seen = Set<[UInt32]>()
    let width = featureCount
    return (0..<count).count { row in
      let bits = (0..<width).map { inputs.storage.base[row * width + $0].bitPattern }
      return !seen.insert(bits).inserted
    }
  }
}
