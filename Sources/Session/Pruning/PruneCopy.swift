import Answers
import Curation
import Datasets
import Foundation
import Runs
import Storage
import Tensors

/// Copies of the training data that are kept, in their own format.
struct PruneCopy {
  private let answer: PruneAnswer
  private let run: Run

  init(_ answer: PruneAnswer, _ run: Run) { (self.answer, self.run) = (answer, run) }

  /// - Throws: `PruningError.folderInUse` for what is there already.
  static func requireFree(_ folder: String) throws {
    if try AtomicFile.isThere(folder) { throw PruningError.folderInUse(folder) }
  }

  /// Writes one result to the folder, several to folders in it, whole or not at all.
  func write(to folder: String, _ control: JobControl) throws {
    let data = try run.configuration().data
    let partial = folder + ".ascribe-partial"
    try AtomicFile.removeAll(partial)
    for result in answer.results {
      try control.check()
      let place = answer.results.count == 1 ? partial : "\(partial)/\(result.name)"
      _ = try data.writeTraining(Set(result.kept), to: place)
    }
    guard rename(partial, folder) == 0 else {
      throw StorageError.system(operation: "make the folder", path: folder, code: errno)
    }
    control.note("wrote \(folder)")
    if !data.decisions.isEmpty {
      control.note("note: labels in \(folder) are those of the files, before the decisions")
    }
    if data.noise != nil {
      control.note("note: labels in \(folder) are those of the files, without the noise of `flip`")
    }
  }
}

extension PruneAnswer.Result {
  /// `recipe-0.9`.
  fileprivate var name: String { "\(strategy)-\(keep)" }
}
