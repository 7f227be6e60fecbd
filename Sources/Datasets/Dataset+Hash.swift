import Storage
import Synchronization
import Tensors

/// The content hash of a dataset, computed once for all copies of a value.
final class HashMemory: Sendable {
  let value = Mutex<Digest?>(nil)
}

extension Dataset {
  /// SHA-256 of the ids in order, the shape, the bits of the inputs and the targets.
  ///
  /// Of weighted examples also the weights; of rows of a file of factors also its seal. With a tokenizer also what each id stands for: the hash of its file, or the characters.
  /// Equal for equal data only: reordered rows, another class name or a flipped label give another hash;
  /// what the classes were before noise was planted does not count.
  public var contentHash: Digest {
    hash.value.withLock { known in
      if let known { return known }
      let digest = computeHash()
      known = digest
      return digest
    }
  }

  private func computeHash() -> Digest {
    let hasher = SHA256()
    func add(_ text: String) { hasher.update(Array("\(text.utf8.count):\(text)".utf8)) }
    add("ascribe dataset 1")
    add("\(inputs.shape)")
    for id in ids {
      switch id {
      case .row(let row): add("#\(row)")
      case .name(let name): add("'\(name)")
      }
    }
    hasher.update(inputs)
    switch targets {
    case .classes(let classes, let names):
      add("classes \(names.count)")
      names.forEach(add)
      classes.map(\.littleEndian).withUnsafeBytes { hasher.update($0) }
    case .values(let values):
      add("values \(values.shape)")
      hasher.update(values)
    case .tokens(let tokens, let vocabulary):
      // The inputs are the targets, or some of them.
      add("tokens \(vocabulary.count)")
      if tokenizer == nil { vocabulary.forEach(add) }
      if hasOtherTargets(tokens) {
        add("targets")
        hasher.update(tokens)
      }
    }
    if let tokenizer {
      add("tokenizer")
      if let file = tokenizer.contentHash {
        add("\(file)")
      } else {
        tokenizer.vocabulary.forEach(add)
      }
    }
    if let origin { add("origin \(origin)") }
    if let weights {
      add("weights")
      weights.map(\.bitPattern.littleEndian).withUnsafeBytes { hasher.update($0) }
    }
    return hasher.finish()
  }
}

extension Dataset {
  /// Whether not all of the inputs' tokens are to be predicted.
  private func hasOtherTargets(_ tokens: Tensor) -> Bool {
    guard inputs.count == tokens.count, inputs.storage.base != tokens.storage.base else {
      return inputs.count != tokens.count
    }
    return (0..<tokens.count).contains { inputs.storage.base[$0] != tokens.storage.base[$0] }
  }
}

extension SHA256 {
  /// Adds the bits of a tensor as they are in memory: little-endian wherever this runs.
  fileprivate func update(_ tensor: Tensor) {
    tensor.withUnsafePointer { update(UnsafeRawBufferPointer(start: $0, count: 4 * tensor.count)) }
  }
}
