import CHDF5
import Foundation
import Synchronization

/// The only door to libhdf5: one call at a time, errors as values, nothing on standard error.
enum HDF5 {
  /// libhdf5 may be built without thread safety, so the lock is ours; it may be taken again by a
  /// handle that closes inside a call.
  private static let lock = NSRecursiveLock()

  /// Made before the first call of the library.
  private static let hasNoExitHandler: Void = ascribe_h5_no_exit_handler()

  /// Runs `body` alone among all users of the library.
  static func locked<Result>(_ body: () -> Result) -> Result {
    lock.lock()
    defer { lock.unlock() }
    _ = hasNoExitHandler
    ascribe_h5_silence()
    return body()
  }

  /// Runs one library call; a negative result becomes an error with the library's own account.
  @discardableResult
  static func call<Code: SignedInteger>(
    _ operation: String, _ object: String = "", in file: String, _ body: () -> Code
  ) throws(StorageError) -> Code {
    var stack = ""
    let code = locked {
      let code = body()
      if code < 0 { stack = errorStack() }
      return code
    }
    guard code >= 0 else {
      if let error = StorageError.system(behind: stack, operation: operation, file: file) {
        throw error
      }
      throw .hdf5(operation: operation, object: object, file: file, stack: stack)
    }
    return code
  }

  /// As `call`, for calls that make an identifier.
  static func handle(
    _ operation: String, _ object: String = "", in file: String, _ body: () -> hid_t
  ) throws(StorageError) -> HDF5Handle {
    HDF5Handle(try call(operation, object, in: file, body))
  }

  private static func errorStack() -> String {
    var text = [CChar](repeating: 0, count: 2048)
    ascribe_h5_error_text(&text, text.count)
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// How many files, datasets, groups, types and attributes the library holds open.
  static func openObjectCount() -> Int {
    locked { Int(ascribe_h5_open_count()) }
  }
}

/// An identifier of libhdf5, closed with its last owner.
final class HDF5Handle: Sendable {
  let id: hid_t
  private let isClosed = Atomic<Bool>(false)

  init(_ id: hid_t) { self.id = id }

  deinit { close() }

  /// Closes the identifier once; a file closes everything in it.
  func close() {
    if isClosed.exchange(true, ordering: .relaxed) { return }
    _ = HDF5.locked { H5Idec_ref(id) }
  }
}
