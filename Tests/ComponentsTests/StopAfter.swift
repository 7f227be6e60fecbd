import Synchronization
import Tensors

/// A control that says stop when it was asked so many times.
final class StopAfter: Sendable {
  private let left: Mutex<Int>

  init(_ count: Int) { left = Mutex(count) }

  var control: JobControl {
    JobControl(isCancelled: {
      self.left.withLock {
        $0 -= 1
        return $0 < 0
      }
    })
  }
}
