/// A sum over the shards of a store in one fixed order, whoever made the parts and whenever.
///
/// Parts are combined along a binary tree over the shards' numbers: a node of level l is made of the
/// shards i·2^l ..< (i+1)·2^l, always the left part with the right one; a part without a right
/// neighbour within the store moves up as it is. Floating-point sums so have the same bits whichever
/// worker or machine owned which shards; an owner of neighbouring shards holds at most log₂ parts.
///
/// A part itself is to be made by the shard alone: its rows in order.
public struct ShardReduction<Value: Sendable>: Sendable {
  private struct Node: Hashable {
    let level: Int
    let index: Int
  }

  /// Shards of the store.
  public let shards: Int
  private var nodes: [Node: Value] = [:]
  private var seen: Set<Int> = []
  private let combine: @Sendable (_ left: inout Value, _ right: Value) -> Void

  /// A reduction without parts.
  ///
  /// - Parameter combine: adds the part of later shards to that of the shards before them.
  public init(
    shards: Int, combine: @escaping @Sendable (_ left: inout Value, _ right: Value) -> Void
  ) {
    precondition(shards > 0, "\(shards) shards")
    self.shards = shards
    self.combine = combine
  }

  /// The shards whose parts are still missing, ascending.
  public var missing: [Int] { (0..<shards).filter { !seen.contains($0) } }

  /// The sum over all shards; nil while parts are missing.
  public var total: Value? { seen.count == shards ? nodes.values.first : nil }

  /// Adds the part of a shard.
  ///
  /// - Precondition: the shard is one of the store's and its part was not added before.
  public mutating func add(_ value: consuming Value, shard: Int) {
    precondition(shard >= 0 && shard < shards, "shard \(shard) of \(shards)")
    precondition(seen.insert(shard).inserted, "shard \(shard) twice")
    insert(value, Node(level: 0, index: shard))
  }

  /// Adds what the owner of other shards of the same store has.
  ///
  /// - Precondition: as many shards, and none that both added.
  public mutating func merge(_ other: ShardReduction) {
    precondition(shards == other.shards, "\(shards) and \(other.shards) shards")
    precondition(seen.isDisjoint(with: other.seen), "shards that both added")
    seen.formUnion(other.seen)
    for (node, value) in other.nodes { insert(value, node) }
  }

  private mutating func insert(_ value: consuming Value, _ start: Node) {
    var (node, value) = (start, value)
    // The root is the first level that one node covers.
    while 1 << node.level < shards {
      let parent = Node(level: node.level + 1, index: node.index / 2)
      let sibling = Node(level: node.level, index: node.index ^ 1)
      if sibling.index << node.level < shards {
        guard var other = nodes.removeValue(forKey: sibling) else { break }
        if node.index % 2 == 0 {
          combine(&value, other)
        } else {
          combine(&other, value)
          value = other
        }
      }
      node = parent
    }
    nodes[node] = value
  }
}
