/// The methods that can be asked for by name.
///
/// A method is added by a file and a row here; whoever has another of their own hands a table with it
/// to the library.
public struct MethodTable: Sendable {
  /// The methods in the order in which they are listed.
  public private(set) var methods: [Method]

  /// A table.
  ///
  /// - Precondition: no name twice.
  public init(_ methods: [Method]) {
    precondition(Set(methods.map(\.name)).count == methods.count, "a method's name twice")
    self.methods = methods
  }

  /// Every method of the engine.
  public static let standard = MethodTable([
    .graddot, .gradcos, .tracin, .trak, .ntkLeaveOneOut, .trajectory, .magic, .inrun, .source,
    .ekfac, .kfac, .diagonal, .influenceByCG, .influenceExact, .influenceByLiSSA,
    .influenceByArnoldi, .dataInf, .logra, .trackstar, .relatif, .relatifParameters, .ekfacUnit,
    .representer, .knnShapley, .freeShap, .lood, .bm25, .embedding,
  ])

  /// The table with another method.
  public func adding(_ method: Method) -> MethodTable { MethodTable(methods + [method]) }

  /// The method of a name.
  ///
  /// - Throws: `InfluenceError.unknownMethod`.
  public func method(named name: String) throws(InfluenceError) -> Method {
    guard let method = methods.first(where: { $0.name == name }) else {
      throw .unknownMethod(name, known: methods.map(\.name))
    }
    return method
  }
}
