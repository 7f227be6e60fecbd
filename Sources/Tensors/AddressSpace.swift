import CKernels
import Foundation

/// The addresses that this process may map: `ulimit -v`, RLIMIT_AS.
///
/// Under a limit allocations fail that the machine has memory for.
public enum AddressSpace {
  /// Bytes; nil without a limit.
  public static let limit: Int? = {
    let bytes = ascribe_address_space_limit()
    return bytes < 0 ? nil : Int(bytes)
  }()

  /// Bytes beside what was mapped when this was first asked: libraries, stacks, what is held; nil
  /// without a limit.
  public static let room: Int? = limit.map { max(0, $0 - mapped) }

  /// Bytes that are mapped now.
  package static var mapped: Int {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
      let pages = text.split(separator: " ").first.flatMap({ Int($0) })
    else { return 0 }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// Whether so many bytes more can be mapped now.
  public static func hasRoom(for bytes: Int) -> Bool { ascribe_can_map(Int64(bytes)) != 0 }

  /// Has all threads allocate from one heap: heaps of their own take 64 MiB of addresses each.
  public static func shareHeap() { ascribe_share_heap() }
}
