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

  /// Bytes that this process may have: the machine's, or less where a limit says so.
  public static var available: Int { bound.bytes }

  /// What bounds this process's memory, and at how many bytes.
  public static var bound: (limit: MemoryLimit, bytes: Int) {
    var least = (limit: MemoryLimit.machine, bytes: physical)
    for (limit, bytes) in [
      (MemoryLimit.addressSpace, AddressSpace.room), (.controlGroup, ControlGroup.own),
    ] {
      if let bytes, bytes < least.bytes { least = (limit, bytes) }
    }
    return least
  }

  /// Refuses work that needs more bytes than this process may have.
  ///
  /// - Parameters:
  ///   - bytes: a lower bound, as a Double so that no size overflows.
  ///   - purpose: what they are for, such as "training 50 parameters".
  ///   - remedy: what needs less.
  /// - Throws: `MemoryError`.
  public static func require(
    _ bytes: Double, for purpose: String, remedy: String,
    bound: (limit: MemoryLimit, bytes: Int) = Memory.bound
  ) throws(MemoryError) {
    guard bytes <= Double(bound.bytes) else {
      throw MemoryError(
        purpose: purpose, bytes: bytes, available: bound.bytes, limit: bound.limit, remedy: remedy)
    }
  }
}

/// What bounds the memory of a process.
public enum MemoryLimit: Sendable, Equatable {
  /// What the machine has.
  case machine
  /// What may be mapped, `ulimit -v`.
  case addressSpace
  /// What the process's control group may have, as containers and schedulers set it.
  case controlGroup
}

/// More memory than the machine has, or a limit allows.
public struct MemoryError: DiagnosableError, Equatable {
  /// What the memory is for.
  public let purpose: String
  /// Bytes it needs at least.
  public let bytes: Double
  /// Bytes there are.
  public let available: Int
  /// Whose bytes those are.
  public let limit: MemoryLimit
  /// What needs less.
  public let remedy: String

  package init(
    purpose: String, bytes: Double, available: Int, limit: MemoryLimit, remedy: String
  ) {
    (self.purpose, self.bytes, self.available) = (purpose, bytes, available)
    (self.limit, self.remedy) = (limit, remedy)
  }

  /// What went wrong, with both sizes.
  public var what: String {
    let place =
      switch limit {
      case .machine: "this machine has"
      case .addressSpace: "the limit of address space leaves"
      case .controlGroup: "the control group may have"
      }
    return String(
      format: "%@ needs at least %.1f GB of memory; %@ %.1f GB.", purpose, bytes / 1e9, place,
      Double(available) / 1e9)
  }

  /// The machine, or the limit.
  public var location: String {
    switch limit {
    case .machine: "this machine's memory"
    case .addressSpace: "the limit of address space of this process (ulimit -v, RLIMIT_AS)"
    case .controlGroup: "the control group of this process (memory.max)"
    }
  }

  /// Neither bad input nor damage: another machine may do it.
  public var exitCode: Int32 { 1 }
}
