import Runs
import Synchronization
import Tensors

/// The parameters of a run's checkpoints, each read and hashed once while anybody holds it.
///
/// It keeps the last one read alive; of the others it knows those that somebody else holds, such as
/// the sources of an ensemble: it takes the memory of one checkpoint at the most.
final class CheckpointCache: Sendable {
  private struct Entry {
    weak var buffer: Buffer<Float>?
    let shape: [Int]
  }

  private struct Known {
    var entries: [CheckpointReference: Entry] = [:]
    var last: Tensor?
  }

  private let known = Mutex(Known())
  private let read: @Sendable (CheckpointReference) throws -> Tensor

  /// A cache before what reads a checkpoint's parameters, every byte verified.
  init(reading read: @escaping @Sendable (CheckpointReference) throws -> Tensor) {
    self.read = read
  }

  /// A checkpoint's flat parameter vector, p values.
  func parameters(of reference: CheckpointReference) throws -> Tensor {
    try known.withLock { known in
      if let entry = known.entries[reference], let buffer = entry.buffer {
        return Tensor(shape: entry.shape, storage: buffer)
      }
      let tensor = try read(reference)
      known.entries[reference] = Entry(buffer: tensor.storage, shape: tensor.shape)
      known.last = tensor
      return tensor
    }
  }
}
