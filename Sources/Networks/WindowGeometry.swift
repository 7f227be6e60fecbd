// Letters: B batch, H × W pixels in, Y × X pixels out, C channels, kh × kw kernel.
import Tensors

/// How a window slides over an image: PyTorch's kernel, stride, padding and dilation.
package struct WindowGeometry: Sendable, Hashable {
  /// Rows and columns of the kernel.
  package var kernel: (height: Int, width: Int) { (kernelHeight, kernelWidth) }
  /// The images it slides over.
  package let input: ImageShape
  /// Pixels from one window to the next.
  package let stride: Int
  /// Pixels around the image that count as there.
  package let padding: Int
  /// Pixels from one element of the kernel to the next.
  package let dilation: Int
  /// Windows down the image: ⌊(H + 2·padding − dilation·(kh − 1) − 1) / stride⌋ + 1.
  package let outputHeight: Int
  /// Windows across the image.
  package let outputWidth: Int
  let kernelHeight: Int
  let kernelWidth: Int

  /// A window; nil when not even one fits into the padded image.
  package init?(
    input: ImageShape, kernel: (height: Int, width: Int), stride: Int = 1, padding: Int = 0,
    dilation: Int = 1
  ) {
    precondition(
      kernel.height > 0 && kernel.width > 0 && stride > 0 && padding >= 0 && dilation > 0,
      "kernel \(kernel), stride \(stride), padding \(padding), dilation \(dilation)")
    func windows(_ size: Int, _ kernel: Int) -> Int {
      let room = size + 2 * padding - dilation * (kernel - 1) - 1
      return room < 0 ? 0 : room / stride + 1
    }
    (self.input, self.stride, self.padding, self.dilation) = (input, stride, padding, dilation)
    (kernelHeight, kernelWidth) = (kernel.height, kernel.width)
    outputHeight = windows(input.height, kernel.height)
    outputWidth = windows(input.width, kernel.width)
    if outputHeight == 0 || outputWidth == 0 { return nil }
  }

  /// Windows of an image.
  package var positions: Int { outputHeight * outputWidth }
  /// Pixels of a window.
  package var area: Int { kernelHeight * kernelWidth }
  /// Whether every window is the pixel at its place.
  var isPointwise: Bool { area == 1 && stride == 1 && padding == 0 }

  /// The row and column of input pixels where window `position` of an image begins.
  func origin(_ position: Int) -> (row: Int, column: Int) {
    (
      position / outputWidth * stride - padding, position % outputWidth * stride - padding
    )
  }

  /// The elements of a kernel of `size` that lie inside, from a window that begins at `start`.
  func inside(_ start: Int, kernel size: Int, limit: Int) -> Range<Int> {
    let first = start >= 0 ? 0 : (-start + dilation - 1) / dilation
    let end = limit <= start ? 0 : (limit - start + dilation - 1) / dilation
    return min(first, size)..<max(min(first, size), min(size, end))
  }
}
