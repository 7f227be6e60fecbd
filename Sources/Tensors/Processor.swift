import CKernels

/// The processor this process runs on.
public enum Processor {
  /// 4: AVX-512 (x86-64-v4), 3: AVX2 and FMA (x86-64-v3), 0: anything else.
  public static let level = Int(ascribe_processor_level())
}
