// Letters: Q queries, d components, U units, S the components that are cut.
import Tensors

extension ChannelCut {
  /// The units that go next, by what τ says of all that is cut together.
  ///
  ///     L(S) = mean over queries of log(1 + exp(−(f − Σ_{i∈S} τ_i)))     of margins
  ///     L(S) = mean over queries of |f − Σ_{i∈S} τ_i − f₀|               of other f; f₀ of the whole network
  ///
  /// Each step takes the unit without which L is least for each of its components. Units behind the
  /// last convolution change little each and all the same way: the mean of |τ| of each alone would take
  /// them all, and the sum of what they do is a network that is wrong.
  ///
  /// - Parameters:
  ///   - gone: units that are cut already.
  ///   - tau: Q × d, where `gone` is away; of what is gone it is not read.
  ///   - now: f there, Q values.
  ///   - whole: f₀, Q values; nil: f is a margin.
  ///   - share: of the components of a kind that can be cut, `gone` among them.
  /// - Returns: units in the order in which they go; of every layer one channel is left.
  /// - Complexity: O(steps · U · Q).
  public func next(
    after gone: [Unit], tau: Matrix<Float>, now: [Float], whole: [Float]?, share: Double
  ) -> [Unit] {
    precondition(tau.rows == now.count, "τ of \(tau.rows) queries, f of \(now.count)")
    let queries = now.count
    let effects = effects(tau)
    // Margins; else the change so far.
    var f = now.indices.map { Double(now[$0]) - Double(whole?[$0] ?? 0) }
    var room = CutRoom(self, share: share)
    for unit in gone { room.take(unit) }
    let gone = Set(gone.map { [$0.stream, $0.channel] })
    var left = units.indices.filter { !gone.contains([units[$0].stream, units[$0].channel]) }
    var chosen: [Unit] = []
    while true {
      left.removeAll { !room.has(units[$0]) }
      guard !left.isEmpty else { return chosen }
      let before = ChannelCut.loss(f, isMargin: whole == nil)
      let rises = rises(left, f, effects, isMargin: whole == nil, before)
      let best = rises.indices.min { (rises[$0], $0) < (rises[$1], $1) } ?? 0
      let place = left.remove(at: best)
      for query in 0..<queries { f[query] -= Double(effects[place * queries + query]) }
      room.take(units[place])
      chosen.append(units[place])
    }
  }

  /// Σ of the units' τ, U × Q.
  private func effects(_ tau: Matrix<Float>) -> [Float] {
    units.flatMap { unit in
      (0..<tau.rows).map { query in unit.places.reduce(Float(0)) { $0 + tau[query, $1] } }
    }
  }

  /// What L rises by without each of some units, for each of its components.
  private func rises(
    _ some: [Int], _ f: [Double], _ effects: [Float], isMargin: Bool, _ before: Double
  ) -> [Double] {
    let result = Matrix<Double>(uninitialized: 1, some.count)
    let room = result.storage
    Workers.run(over: some.count, grain: 16) { range in
      for index in range {
        let own = some[index] * f.count
        let after = f.indices.map { f[$0] - Double(effects[own + $0]) }
        room.base[index] =
          (ChannelCut.loss(after, isMargin: isMargin) - before)
          / Double(units[some[index]].places.count)
      }
    }
    return result.elements
  }

  private static func loss(_ f: [Double], isMargin: Bool) -> Double {
    f.reduce(0) { $0 + (isMargin ? EditLoss.logistic($1) : abs($1)) } / Double(max(1, f.count))
  }
}
