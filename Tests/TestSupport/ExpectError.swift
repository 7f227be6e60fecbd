import Tensors

/// Runs `body` and returns the diagnosable error it throws, or nil when it throws none.
public func diagnosed(_ body: () throws -> Void) -> (any DiagnosableError)? {
  do {
    try body()
    return nil
  } catch {
    return error as? any DiagnosableError
  }
}
