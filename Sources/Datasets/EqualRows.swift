import Glibc
import Tensors

/// Finds the examples of a data set whose inputs are those of another's example, to the bit.
///
/// By a key of some of the numbers, evenly spaced; what has the same key is compared as a whole.
package struct EqualRows {
  private let data: Dataset
  private let rows: [UInt64: [Int]]

  /// An index of n examples.
  package init(of data: Dataset) {
    self.data = data
    rows = Dictionary(grouping: 0..<data.count) { EqualRows.key(of: data, $0) }
  }

  /// The rows with the inputs of an example of another set, ascending.
  package func rows(equalTo row: Int, of other: Dataset) -> [Int] {
    let width = data.featureCount
    guard width > 0, other.featureCount == width else { return [] }
    let (own, wanted) = (data.inputs.storage.base, other.inputs.storage.base + row * width)
    return (rows[EqualRows.key(of: other, row)] ?? []).filter {
      memcmp(own + $0 * width, wanted, 4 * width) == 0
    }
  }

  /// FNV-1a of 32 of the numbers.
  private static func key(of data: Dataset, _ row: Int) -> UInt64 {
    let width = data.featureCount
    let x = data.inputs.storage.base + row * width
    var key: UInt64 = 0xCBF2_9CE4_8422_2325
    for place in stride(from: 0, to: width, by: max(1, width / 32)) {
      key = (key ^ UInt64(x[place].bitPattern)) &* 0x100_0000_01B3
    }
    return key
  }
}
