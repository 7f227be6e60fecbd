import Foundation
import LinearAlgebra
import Tensors

/// What is done before the work where the addresses of the process are limited (`ulimit -v`), so that
/// a command ends with an error there, and not in a library that tries again for ever.
enum AddressLimit {
  /// Looks at the limit once a process, before anything else.
  static func begin() {
    guard AddressSpace.limit != nil else { return }
    AddressSpace.shareHeap()
    watchAllocations()
    endThreads()
  }

  /// Has the buffers of OpenBLAS at hand for the threads of a command.
  static func reserve(threads: Int) throws {
    guard AddressSpace.limit != nil else { return }
    try BLAS.reserveBuffers(workers: threads)
    // What is left for the work is counted from here on.
    _ = AddressSpace.room
  }

  /// The runtime aborts where an allocation fails, after a line with the bytes that it wanted.
  private static func watchAllocations() {
    Text.abort.prepare()
    answer(SIGABRT) { _ in Text.abort.finish() }
  }

  /// Has a signal answered, also where this was started by a thread that blocks it and hands that
  /// down.
  private static func answer(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
    signal(number, handler)
    var answered = sigset_t()
    sigemptyset(&answered)
    sigaddset(&answered, number)
    pthread_sigmask(SIG_UNBLOCK, &answered, nil)
  }

  /// OpenBLAS's own threads wait for their buffers without end: where there is no room for them,
  /// those that have none yet are given some seconds, which those that have theirs do not need.
  private static func endThreads() {
    Text.threads.prepare()
    if !BLAS.hasRoomForOwnThreads {
      answer(SIGALRM) { _ in Text.threads.finish() }
      alarm(2)
    }
    BLAS.endOwnThreads()
    alarm(0)
  }

  /// Last words that a signal handler can say: it may not allocate.
  private final class Text: Sendable {
    static let abort = Text(
      what: "an allocation failed, of the size that the line above says: the address space of this "
        + "process is limited to \(megabytes) MB.",
      fix: "raise the limit (ulimit -v), or ask for less: --threads 1, --memory 64M, "
        + "--method graddot, --kernel features.")
    static let threads = Text(
      what: "OpenBLAS needs 128 MiB of addresses for each of its \(BLAS.ownThreads + 1) threads; "
        + "the address space of this process is limited to \(megabytes) MB.",
      fix: "raise the limit (ulimit -v), or have it begin none: OPENBLAS_NUM_THREADS=1.")

    private static var megabytes: Int { (AddressSpace.limit ?? 0) / 1_000_000 }

    private let bytes: [UInt8]

    init(what: String, fix: String) {
      bytes = Array(
        """
        error: \(what)
          at:  the limit of address space of this process (ulimit -v, RLIMIT_AS)
          fix: \(fix)

        """.utf8)
    }

    /// Makes the text, if this is the first to ask for it.
    func prepare() {}

    /// Says it and ends the process at once: what runs at the end could wait for what has no memory.
    func finish() {
      _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
      _exit(1)
    }
  }
}
