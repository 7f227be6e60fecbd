import Synchronization

extension Workers {
  /// What `body` gives for each slice, in their order; all slices run.
  ///
  /// - Throws: the error of the lowest slice that has one, whichever worker met one first.
  @discardableResult
  public static func map<Value: Sendable, Failure: Error>(
    slices: Int, _ body: @Sendable (Int) throws(Failure) -> Value
  ) throws(Failure) -> [Value] {
    let results = Mutex<[Result<Value, Failure>?]>(Array(repeating: nil, count: max(0, slices)))
    run(slices: slices) { slice in
      let result = Result { () throws(Failure) in try body(slice) }
      results.withLock { $0[slice] = result }
    }
    var values: [Value] = []
    for result in results.withLock({ $0 }) {
      if let value = try result?.get() { values.append(value) }
    }
    return values
  }
}
