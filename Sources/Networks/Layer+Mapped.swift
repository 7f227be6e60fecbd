/// Networks with some of their layers replaced.
extension Layer {
  /// A layer without layers inside: what takes its place.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer { replace(self) }
}

extension Sequential {
  /// Its layers replaced.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer {
    Sequential(layers.map { $0.mapped(replace) })
  }
}

extension Concatenation {
  /// Its layers replaced.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer {
    Concatenation(layers: layers.map { $0.mapped(replace) }, slot: slot)
  }
}

extension Block {
  /// The body replaced.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer {
    Block(body: Sequential(body.layers.map { $0.mapped(replace) }), group: group)
  }
}

extension Residual {
  /// Body and shortcut replaced.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer {
    Residual(
      body.layers.map { $0.mapped(replace) },
      shortcut: shortcut.map { $0.layers.map { $0.mapped(replace) } })
  }
}
