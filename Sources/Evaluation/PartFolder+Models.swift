import Tensors
import Training

extension PartFolder {
  /// Makes the parts that are not there, each of a model's training, side by side.
  ///
  /// - Parameters:
  ///   - numbers: the parts that are wanted.
  ///   - room: how many trainings memory has room for.
  ///   - progress: called after each with how many of them are there, from any worker.
  ///   - values: makes one part.
  /// - Throws: the first error of `values`; then no other is begun.
  package func makeModels(
    _ numbers: [Int], room: Int, progress: @Sendable (Int) -> Void = { _ in },
    _ values: @Sendable (Int) throws -> [Float]
  ) throws {
    let missing = numbers.filter { !has($0) }
    let there = numbers.count - missing.count
    progress(there)
    let failure = Failure()
    for wave in RetrainingJob.waves(of: missing.count, room: room, workers: Workers.count) {
      Workers.run(slices: wave.count) { slice in
        guard !failure.happened else { return }
        do {
          let number = missing[wave.lowerBound + slice]
          try write(try values(number), number)
          progress(there + failure.countDone())
        } catch {
          failure.note(error)
        }
      }
      try failure.rethrow()
    }
  }
}
