import COpenBLAS
import Foundation
import Tensors

/// The OpenBLAS library of this process: single-threaded, on the kernels of the processor.
///
/// OpenBLAS changes bits with its thread count, so the parallel work is cut by this module instead.
/// Releases older than the processor choose the kernels of a Pentium 4 (20 GF/s instead of 150);
/// `prepare()` then chooses again, unless the environment sets `OPENBLAS_CORETYPE`.
public enum BLAS {
  /// Sets the library up, once a process.
  ///
  /// Every function of this module calls it.
  @inline(__always)
  public static func prepare() { _ = prepared }

  /// The kernels in use, such as `SkylakeX`; recorded with results, whose last bits depend on it.
  public static var coreName: String {
    prepare()
    return chosenCore
  }

  /// The kernels to choose instead of `core` on a processor of `level`, or nil to stay.
  static func betterCore(than core: String, level: Int) -> String? {
    let current = core.lowercased()
    if level >= 4 {
      return ["skylakex", "cooperlake", "sapphirerapids"].contains(current) ? nil : "SkylakeX"
    }
    let known = ["skylakex", "cooperlake", "sapphirerapids", "haswell", "zen", "excavator"]
    return level < 3 || known.contains(current) ? nil : "Haswell"
  }

  private static let prepared: Void = {
    let isChosenByUser = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] != nil
    if !isChosenByUser, let better = betterCore(than: chosenCore, level: Processor.level) {
      _ = ascribe_openblas_choose_core(better)
    }
    openblas_set_num_threads(1)
  }()

  private static var chosenCore: String {
    guard let name = openblas_get_corename() else { return "unknown" }
    return String(cString: name)
  }
}
