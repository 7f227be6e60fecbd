import LinearAlgebra
import Storage
import Tensors

extension StoreGram {
  /// The sums over a checkpoint of a store: read from beside the store, else made and kept there.
  ///
  /// - Parameters:
  ///   - scales: s > 0, a value for every row of the store; nil for 1.
  ///   - isKept: whether files are read and written.
  ///   - note: called with a line for the user where a file cannot be used or written.
  /// - Throws: `StorageError` of reading the store; never of the file kept.
  public static func keptOrMade(
    _ store: FeatureStoreReader, group: String, scales: [Double]? = nil, isKept: Bool = true,
    note: (String) -> Void
  ) throws -> StoreGram {
    guard isKept else { return try StoreGram(store, group: group, scales: scales) }
    let file = try StoreGram.file(store, group: group, scales: scales)
    let k = store.columns
    if let kept = file.usable(note, { StoreGram(contents: $0, order: k) }) { return kept }
    let made = try StoreGram(store, group: group, scales: scales)
    file.keep(made.contents, note)
    return made
  }

  /// Where the sums over a checkpoint are kept, by what they are made from.
  static func file(
    _ store: FeatureStoreReader, group: String, scales: [Double]?
  ) throws -> PreconditionerFile {
    PreconditionerFile(
      store: store, group: group, kind: "gram",
      fingerprint: try fingerprint(store, group: group, scales: scales))
  }

  /// Everything that the sums depend on, to the bit.
  static func fingerprint(
    _ store: FeatureStoreReader, group: String, scales: [Double]?
  ) throws -> Fingerprint {
    Fingerprint([
      "store": "\(try store.contentDigest(group: group))", "group": group,
      "shards": store.layout.shards.map { "\($0.count)" }.joined(separator: " "),
      "scales": scales.map { $0.withUnsafeBytes { "\(SHA256.digest(of: $0))" } } ?? "1",
      "products": store.rows <= doubleRows ? "float64" : "float32 of \(mixedProductRows) rows",
      "blas": BLAS.coreName, "processor": "\(Processor.level)", "engine": Engine.version,
    ])
  }

  var contents: PreconditionerFile.Contents {
    var contents = PreconditionerFile.Contents()
    contents.lower["gram"] = gram
    contents.values["trace"] = [trace]
    contents.rows["zero"] = zeroRows
    contents.rows["count"] = [count]
    return contents
  }

  /// Nil when something is missing or not of `order` features.
  init?(contents: PreconditionerFile.Contents, order: Int) {
    guard let gram = contents.lower["gram"], gram.rows == order,
      let trace = contents.values["trace"]?.first,
      let count = contents.rows["count"]?.first, let zeroRows = contents.rows["zero"]
    else { return nil }
    self.init(gram: gram, trace: trace, zeroRows: zeroRows, count: count)
    mirrorLower(of: &self.gram)
  }
}

extension PreconditionerFile {
  /// What the file holds; nil, said where a file is there, when it cannot be used.
  func usable<Value>(_ note: (String) -> Void, _ make: (Contents) throws -> Value?) -> Value? {
    switch read() {
    case .absent: return nil
    case .unusable(let error):
      note("\(path) is not used and made again: \(error.what)")
    case .found(let contents):
      if let value = try? make(contents) { return value }
      note("\(path) is not used and made again: it is not complete.")
    }
    return nil
  }

  /// Writes the file; where that fails, the user learns why the next command is as slow.
  func keep(_ contents: Contents, _ note: (String) -> Void) {
    do throws(StorageError) {
      try write(contents)
    } catch {
      note(KeepingNote.text(path, reason: error.what))
    }
  }
}
