import Foundation

/// Whether the memory for some work is there, asked before the work begins.
public enum Memory {
  /// What `blockBytes` is without another setting: 512 MiB.
  public static let standardBlockBytes = 512 << 20

  /// Bytes that a block of examples may take on its way through a network, beside parameters and
  /// what is made of the examples: `Execution.current`'s, `standardBlockBytes` unless set.
  ///
  /// Work is cut into blocks of examples by it, so that other sizes change results by rounding.
  public static var blockBytes: Int { Execution.current.blockBytes }

  /// Bytes of this machine's memory.
  public static var physical: Int { Int(clamping: ProcessInfo.processInfo.physicalMemory) }

  /// Refuses work that needs more bytes than the machine has.
  ///
  /// - Parameters:
  ///   - bytes: a lower bound, as a Double so that no size overflows.
  ///   - purpose: what they are for, such as "training 50 parameters".
  ///   - remedy: what needs less.
  /// - Throws: `MemoryError`.
  public static func require(
    _ bytes: Double, for purpose: String, remedy: String, available: Int = Memory.physical
  ) throws(MemoryError) {
    guard bytes <= Double(available) else {
      throw MemoryError(
        purpose: purpose, bytes: bytes, available: available, remedy: remedy)
    }
  }
}

/// More memory than the machine has.
public struct MemoryError: DiagnosableError, Equatable {
  /// What the memory is for.
  public let purpose: String
  /// Bytes it needs at least.
  public let bytes: Double
  /// Bytes there are.
  public let available: Int
  /// What needs less.
  public let remedy: String

  /// What went wrong, with both sizes.
  public var what: String {
    String(
      format: "%@ needs at least %.1f GB of memory; this machine has %.1f GB.", purpose,
      bytes / 1e9, Double(available) / 1e9)
  }

  /// The machine.
  public var location: String { "this machine's memory" }

  /// Neither bad input nor damage: another machine may do it.
  public var exitCode: Int32 { 1 }
}
