import Foundation
import Tensors
import Testing

@testable import LinearAlgebra

@Suite("BLAS")
struct BLASTests {
  @Test("an old library's SSE kernels are replaced, kernels that fit are kept")
  func choice() {
    #expect(BLAS.betterCore(than: "Prescott", level: 4) == "SkylakeX")
    #expect(BLAS.betterCore(than: "Haswell", level: 4) == "SkylakeX")
    #expect(BLAS.betterCore(than: "Prescott", level: 3) == "Haswell")
    #expect(BLAS.betterCore(than: "Nehalem", level: 3) == "Haswell")
    for core in ["SkylakeX", "Cooperlake", "SapphireRapids"] {
      #expect(BLAS.betterCore(than: core, level: 4) == nil)
    }
    for core in ["Haswell", "Zen", "SkylakeX"] {
      #expect(BLAS.betterCore(than: core, level: 3) == nil)
    }
    #expect(BLAS.betterCore(than: "Prescott", level: 0) == nil)
    #expect(BLAS.betterCore(than: "neoversen1", level: 0) == nil)
  }

  @Test("the library in use fits the processor, unless the environment chose it")
  func inUse() {
    if ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] == nil {
      #expect(BLAS.betterCore(than: BLAS.coreName, level: Processor.level) == nil)
    } else {
      #expect(!BLAS.coreName.isEmpty)
    }
  }
}
