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

extension Residual {
  /// What is inside replaced.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer {
    Residual(inner.mapped(replace))
  }
}

extension ResidualBlock {
  /// Body and shortcut replaced.
  public func mapped(_ replace: (any Layer) -> any Layer) -> any Layer {
    ResidualBlock(
      body.layers.map { $0.mapped(replace) },
      shortcut: shortcut.map { $0.layers.map { $0.mapped(replace) } })
  }
}
