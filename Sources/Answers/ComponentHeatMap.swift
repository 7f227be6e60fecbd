import Components
import Reports

extension HeatMap {
  /// A value of every component: a row a layer and kind, named without what all names begin with.
  ///
  /// - Parameters:
  ///   - values: one a component, in order.
  ///   - hint: what follows the name under the pointer, by the component's place.
  init(
    title: String, label: String, of components: [(name: String, layer: String, kind: String)],
    values: [Double], hint: (Int) -> String
  ) {
    var rows: [HeatMap.Row] = []
    for (place, component) in components.enumerated() {
      let name = "\(component.layer).\(component.kind)"
      if rows.last?.name != name { rows.append(HeatMap.Row(name, [])) }
      rows[rows.count - 1].cells.append(
        HeatMap.Cell(values[place], hint: component.name + hint(place)))
    }
    let names = ComponentsPage.withoutCommonParts(rows.map(\.name))
    for (place, name) in names.enumerated() { rows[place].name = name }
    self.init(title: title, label: label, rows: rows)
  }

  /// The same of a set of components.
  init(
    title: String, label: String, of components: ComponentSet, values: [Double],
    hint: (Int) -> String
  ) {
    self.init(
      title: title, label: label,
      of: components.components.map { ($0.name, $0.layer, $0.kind.rawValue) }, values: values,
      hint: hint)
  }
}
