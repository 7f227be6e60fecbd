import CKernels

/// Floats in bulk. A fill from position p gives what a longer fill from an earlier position gives
/// there, so any slice can be made alone; whole groups of 64 values (signs: 2,048) are fastest.
extension RandomStream {
  /// The upper 24 bits of word(at: p) as a fraction, in [0, 1).
  public func fillUniform(
    _ out: UnsafeMutablePointer<Float>, count: Int, from position: UInt64 = 0
  ) {
    withUnsafePointer(to: state) { ascribe_random_uniform($0, position, out, Int64(count)) }
  }

  /// Rademacher signs: value p is −scale where bit p mod 32 of word(at: p / 32) is set, else +scale.
  public func fillSigns(
    _ out: UnsafeMutablePointer<Float>, count: Int, scale: Float = 1, from position: UInt64 = 0
  ) {
    withUnsafePointer(to: state) { ascribe_random_signs($0, position, out, Int64(count), scale) }
  }

  /// Normal values of mean 0 and standard deviation `scale`, within ±6.7 of them.
  ///
  /// Box–Muller: values 2i and 2i + 1 come from words 2i and 2i + 1.
  public func fillGaussian(
    _ out: UnsafeMutablePointer<Float>, count: Int, scale: Float = 1, from position: UInt64 = 0
  ) {
    withUnsafePointer(to: state) {
      ascribe_random_gaussian($0, position, out, Int64(count), scale)
    }
  }
}
