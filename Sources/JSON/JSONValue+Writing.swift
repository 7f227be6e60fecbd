extension JSONValue {
  /// A number with the digits of its type, or null when it is not finite.
  static func shortest<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T) -> JSONValue {
    value.isFinite ? .digits(value.description) : .null
  }

  func write(into text: inout String, layout: JSON.Layout, depth: Int) {
    switch self {
    case .null: text += "null"
    case .digits(let digits): text += digits
    case .whole(let number): text += "\(number)"
    case .number(let number): text += number.isFinite ? "\(number)" : "null"
    case .truth(let truth): text += truth ? "true" : "false"
    case .text(let string): JSON.write(string, into: &text)
    case .list(let items):
      // A row of numbers stays on its line.
      let flat = items.allSatisfy(\.isScalar) ? JSON.Layout.compact : layout
      JSONValue.write(items, in: "[]", into: &text, layout: flat, depth: depth) { item, text in
        item.write(into: &text, layout: layout.inside, depth: depth + 1)
      }
    case .object(let members):
      let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      JSONValue.write(sorted, in: "{}", into: &text, layout: layout, depth: depth) { member, text in
        JSON.write(member.name, into: &text)
        text += layout == .compact ? ":" : ": "
        member.value.write(into: &text, layout: layout.inside, depth: depth + 1)
      }
    }
  }

  private var isScalar: Bool {
    switch self {
    case .null, .digits, .whole, .number, .truth: true
    case .text, .list, .object: false
    }
  }

  private static func write<Item>(
    _ items: [Item], in brackets: String, into text: inout String, layout: JSON.Layout, depth: Int,
    each: (Item, inout String) -> Void
  ) {
    let indented = layout != .compact && !items.isEmpty
    text += brackets.prefix(1)
    for (position, item) in items.enumerated() {
      if position > 0 { text += "," }
      if indented { text += "\n" + String(repeating: "  ", count: depth + 1) }
      each(item, &text)
    }
    if indented { text += "\n" + String(repeating: "  ", count: depth) }
    text += brackets.suffix(1)
  }
}

extension JSON.Layout {
  /// The layout of a value within another one.
  fileprivate var inside: JSON.Layout { self == .indented ? .indented : .compact }
}
