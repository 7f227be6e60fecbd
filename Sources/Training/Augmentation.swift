import Configuration
import Randomness
import Tensors

/// Random changes of training images, drawn anew for each example in each epoch.
///
///     x′[c, y, x] = x[c, y + a − p, x + b − p],  a, b uniform in 0 ... 2p,  0 outside;
///     then mirrored left to right with probability ½
///
/// A function of (seed, epoch, example): the same bits for any thread count, batch size and after
/// any interruption. The images are on the run's scale, so that 0 is the mean where it was
/// subtracted. Only batches that are trained on are changed: losses of checkpoints, outputs,
/// gradients and scores are those of the images as they are.
public struct Augmentation: Sendable, Equatable {
  /// Whether half of the images are mirrored.
  public var flips: Bool
  /// p, the greatest shift in pixels; 0 shifts nothing.
  public var crop: Int

  /// Changes by their kinds.
  public init(flips: Bool = false, crop: Int = 0) {
    precondition(crop >= 0, "crop \(crop)")
    (self.flips, self.crop) = (flips, crop)
  }

  private enum FlipWord: String, CaseIterable { case horizontal }

  /// Reads `{flip: horizontal, crop: 4}`.
  init(from map: ConfigurationMap) throws(ConfigurationError) {
    try map.checkKeys(known: ["flip", "crop"])
    self.init(
      flips: try map.choice(ifPresent: "flip", of: FlipWord.self) != nil,
      crop: try map.int("crop", in: 0...10_000, default: 0))
  }

  var value: ConfigurationValue {
    var values: [String: ConfigurationValue] = [:]
    if flips { values["flip"] = .string(FlipWord.horizontal.rawValue) }
    if crop > 0 { values["crop"] = .int(crop) }
    return .map(values)
  }

  /// Refuses examples of a shape that is no image's, or of one no larger than the shift.
  ///
  /// - Throws: `TrainingError.augmentInputs`.
  public func requireImages(_ shape: [Int]) throws(TrainingError) {
    guard shape.count == 2 || shape.count == 3, shape.suffix(2).allSatisfy({ $0 > crop }) else {
      throw .augmentInputs(shape: shape, crop: crop)
    }
  }

  /// A batch of images, changed.
  ///
  /// - Parameters:
  ///   - images: B × H × W or B × C × H × W.
  ///   - examples: the place of each in the training set, B numbers.
  ///   - epoch: from 1.
  public func applied(to images: Tensor, examples: [Int], epoch: Int, seed: UInt64) -> Tensor {
    let shape = images.shape
    precondition(shape.count >= 3 && examples.count == shape[0], "\(shape) images")
    let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
    let channels = shape.count > 3 ? shape[1] : 1
    let stream = RandomStream(seed: seed, purpose: .augmentation, index: UInt64(epoch))
    let result = Tensor(repeating: 0, shape: shape)
    let (source, target) = (images.storage, result.storage)
    let size = channels * height * width
    Workers.run(over: examples.count, grain: max(1, Tensor.elementGrain / max(1, size))) { rows in
      for row in rows {
        let draw = UInt64(examples[row]) * 3
        let mirrors = flips && stream.integer(below: 2, at: draw) == 1
        let down = stream.integer(below: 2 * crop + 1, at: draw + 1) - crop
        let right = stream.integer(below: 2 * crop + 1, at: draw + 2) - crop
        for line in 0..<channels * height {
          let y = line % height + down
          guard (0..<height).contains(y) else { continue }
          let from = source.base + row * size + (line / height * height + y) * width
          let to = target.base + row * size + line * width
          for x in max(0, -right)..<min(width, width - right) {
            to[mirrors ? width - 1 - x : x] = from[x + right]
          }
        }
      }
    }
    return result
  }
}
