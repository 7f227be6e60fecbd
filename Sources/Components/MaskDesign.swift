// Letters: M masks, d components, α the share that is taken away.
import Networks
import Randomness
import Tensors

/// Which components each of some masks keeps: M × d, 1 keeps and 0 takes away.
public enum MaskDesign {
  /// What masks are drawn for: those of different uses are independent.
  public enum Use: Sendable, Hashable {
    /// Gradients by the masks, and what is fitted to them.
    case gradients
    /// Outputs that a regression is fitted to.
    case outputs
    /// Outputs that answers are judged by, of one α after another.
    case fresh(Int)

    var number: UInt64 {
      switch self {
      case .gradients: 1
      case .outputs: 2
      case .fresh(let index): 3 + UInt64(index)
      }
    }
  }

  /// Random masks that take away α of each kind, every component of a kind equally often.
  ///
  /// The components of a kind are taken in the order of random permutations, one after another; the
  /// number that a mask takes is α times their number, rounded so that the sum over masks is right.
  /// Which masks take one more is drawn, kind by kind: were it a rhythm, two kinds of as few parts, such as
  /// attention blocks and MLPs, would lose one in the same masks always or never, and nothing would
  /// tell their effects apart. The first M masks of more are the same.
  ///
  /// - Parameters:
  ///   - share: α, in (0, 1).
  ///   - count: M.
  /// - Returns: M × d.
  public static func random(
    _ components: ComponentSet, share: Double, count: Int, seed: UInt64, for use: Use
  ) -> Matrix<Float> {
    precondition(share > 0 && share < 1, "α \(share)")
    let masks = Matrix<Float>(repeating: 1, rows: count, columns: components.count)
    for (number, kind) in components.kinds.enumerated() {
      let places = components.components.indices.filter { components.components[$0].kind == kind }
      let first = use.number << 40 | UInt64(number) << 32
      var order = Deck(places.count, seed: seed, firstStream: first + 1)
      let taken = share * Double(places.count)
      let whole = taken.rounded(.down)
      let more = masksTakingMore(
        taken - whole, count: count,
        RandomStream(seed: seed, purpose: .ablation, index: first))
      for mask in 0..<count {
        for unit in order.draw(Int(whole) + (more.contains(mask) ? 1 : 0)) {
          masks.storage.base[mask * components.count + places[unit]] = 0
        }
      }
    }
    return masks
  }

  /// One of each 1/`part` masks that follow one another, at random among them.
  ///
  /// - Parameter part: of the masks, in [0, 1).
  private static func masksTakingMore(
    _ part: Double, count: Int, _ stream: RandomStream
  ) -> Set<Int> {
    var found: Set<Int> = []
    guard part > 0 else { return found }
    var (number, start) = (0, 0)
    while start < count {
      let end = Int(min(Double(number + 1) / part, 0x1p40))
      found.insert(start + stream.integer(below: max(1, end - start), at: UInt64(number)))
      (number, start) = (number + 1, max(start + 1, end))
    }
    return found
  }

  /// Numbers dealt from one random order after another, none twice in a hand.
  private struct Deck {
    let count: Int
    let seed: UInt64
    var stream: UInt64
    var left: [Int] = []

    init(_ count: Int, seed: UInt64, firstStream: UInt64) {
      (self.count, self.seed, stream) = (count, seed, firstStream)
    }

    mutating func draw(_ wanted: Int) -> [Int] {
      var hand: [Int] = []
      while hand.count < min(wanted, count) {
        if left.isEmpty {
          let order = RandomStream(seed: seed, purpose: .ablation, index: stream)
            .permutation(of: count)
          stream += 1
          // What the hand has already comes last: it is dealt from behind.
          let held = Set(hand)
          left = order.filter { held.contains($0) } + order.filter { !held.contains($0) }
        }
        hand.append(left.removeLast())
      }
      return hand
    }
  }

  /// A random order of all components, for taking away more and more of them.
  static func order(_ count: Int, seed: UInt64, _ index: Int) -> [Int] {
    RandomStream(seed: seed, purpose: .ablation, index: removalStreams + UInt64(index))
      .permutation(of: count)
  }

  /// The first stream of orders of removal: beyond those of every use of random masks.
  private static let removalStreams: UInt64 = 1 << 60

  /// Masks that take sets of components away, one each: M × d.
  public static func without(_ sets: [[Int]], of count: Int) -> Matrix<Float> {
    let masks = Matrix<Float>(repeating: 1, rows: sets.count, columns: count)
    for (row, places) in sets.enumerated() {
      for place in places { masks.storage.base[row * count + place] = 0 }
    }
    return masks
  }

  /// All kept, then each component taken away alone: (d + 1) × d.
  public static func leaveOneOut(_ count: Int) -> Matrix<Float> {
    without([[]] + (0..<count).map { [$0] }, of: count)
  }

  /// All taken away, then each component kept alone: (d + 1) × d.
  public static func leaveOneIn(_ count: Int) -> Matrix<Float> {
    let masks = Matrix<Float>(repeating: 0, rows: count + 1, columns: count)
    for place in 0..<count { masks.storage.base[(place + 1) * count + place] = 1 }
    return masks
  }

  /// Masks of a text: a line each, the names of what is taken away, separated by commas or blanks;
  /// `none` for a mask that keeps all.
  ///
  /// - Throws: `ComponentError.unknown`, `.masks` for a text without lines.
  public static func list(
    _ text: String, of components: ComponentSet, file: String
  ) throws(ComponentError) -> Matrix<Float> {
    let lines = text.split(whereSeparator: \.isNewline).map(String.init)
      .filter { !$0.allSatisfy(\.isWhitespace) }
    guard !lines.isEmpty else { throw .masks(problem: "the file has no mask", place: file) }
    var sets: [[Int]] = []
    for (row, line) in lines.enumerated() {
      let names = line.split { $0.isWhitespace || $0 == "," }.map(String.init)
      sets.append(
        names == ["none"]
          ? [] : try components.places(of: names, file: "\(file), line \(row + 1)"))
    }
    return without(sets, of: components.count)
  }
}
