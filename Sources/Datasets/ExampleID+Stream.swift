extension ExampleID {
  /// A number of the id, for random draws that belong to an example wherever it stands.
  ///
  /// FNV-1a of its text: the same on every machine; two of 100,000 ids share one with a chance of
  /// 3 · 10⁻¹⁰.
  public var streamIndex: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return hash
  }
}

extension Dataset {
  /// The rows in an order that their ids alone decide, as if drawn: the same set in another order has
  /// the same one.
  public var canonicalOrder: [Int] {
    let keys = ids.map(\.streamIndex)
    return ids.indices.sorted { keys[$0] != keys[$1] ? keys[$0] < keys[$1] : ids[$0] < ids[$1] }
  }
}
