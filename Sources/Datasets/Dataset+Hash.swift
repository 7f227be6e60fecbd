import Synchronization

/// The content hash of a dataset, computed once.
final class HashMemory: Sendable {
  let value = Mutex<String?>(nil)
}
