/// An `Encoder` that builds a `JSONValue`.
///
/// Containers share a slot with their parent; the tree is read once encoding is over.
enum JSONEncoding {
  /// The tree of a value.
  static func value(of value: some Encodable, at path: [any CodingKey]) throws -> JSONValue {
    let slot = Slot()
    try slot.set(value, at: path)
    return slot.value
  }

  /// A place for one value, filled by whichever container the value asks for.
  final class Slot {
    private enum Contents {
      case empty
      case leaf(JSONValue)
      case array([Slot])
      case object([String: Slot])
    }
    private var contents = Contents.empty

    var count: Int { if case .array(let items) = contents { items.count } else { 0 } }

    func set(_ value: JSONValue) { contents = .leaf(value) }

    func becomeArray() { if case .array = contents {} else { contents = .array([]) } }

    func becomeObject() { if case .object = contents {} else { contents = .object([:]) } }

    func appended() -> Slot {
      let slot = Slot()
      guard case .array(var items) = contents else { return slot }
      contents = .empty  // so that the array grows in place
      items.append(slot)
      contents = .array(items)
      return slot
    }

    func member(_ key: String) -> Slot {
      guard case .object(var members) = contents else { return Slot() }
      if let slot = members[key] { return slot }
      let slot = Slot()
      contents = .empty  // so that the dictionary grows in place
      members[key] = slot
      contents = .object(members)
      return slot
    }

    /// Fills the slot with a value; a value that encodes nothing is an empty object.
    func set(_ value: some Encodable, at path: [any CodingKey]) throws {
      switch value {
      case let value as Float: set(.shortest(value))
      case let value as Double: set(.shortest(value))
      case let value as String: set(.text(value))
      case let value as Bool: set(.truth(value))
      case let value as any FixedWidthInteger: set(.digits(value.description))
      default:
        try value.encode(to: Level(slot: self, codingPath: path))
        if case .empty = contents { contents = .object([:]) }
      }
    }

    var value: JSONValue {
      switch contents {
      case .empty: .null
      case .leaf(let value): value
      case .array(let items): .list(items.map(\.value))
      case .object(let members): .object(members.map { ($0.key, $0.value.value) })
      }
    }
  }

  /// The encoder of one value.
  struct Level: Encoder {
    let slot: Slot
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
      slot.becomeObject()
      return KeyedEncodingContainer(Members<Key>(slot: slot, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
      slot.becomeArray()
      return Items(slot: slot, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
      Single(slot: slot, codingPath: codingPath)
    }
  }

  struct Members<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let slot: Slot
    let codingPath: [any CodingKey]

    private func level(_ key: any CodingKey) -> Level {
      Level(slot: slot.member(key.stringValue), codingPath: codingPath + [key])
    }

    func encodeNil(forKey key: Key) { level(key).slot.set(.null) }

    func encode(_ value: some Encodable, forKey key: Key) throws {
      let level = level(key)
      try level.slot.set(value, at: level.codingPath)
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { level(key).container(keyedBy: type) }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
      level(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
      Level(slot: slot.member("super"), codingPath: codingPath)
    }

    func superEncoder(forKey key: Key) -> any Encoder { level(key) }
  }

  struct Items: UnkeyedEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]
    var count: Int { slot.count }

    private func level() -> Level { Level(slot: slot.appended(), codingPath: codingPath) }

    func encodeNil() { level().slot.set(.null) }

    func encode(_ value: some Encodable) throws {
      let level = level()
      try level.slot.set(value, at: codingPath)
    }

    func nestedContainer<Nested: CodingKey>(
      keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> { level().container(keyedBy: type) }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { level().unkeyedContainer() }

    func superEncoder() -> any Encoder { level() }
  }

  struct Single: SingleValueEncodingContainer {
    let slot: Slot
    let codingPath: [any CodingKey]

    func encodeNil() { slot.set(.null) }

    func encode(_ value: some Encodable) throws { try slot.set(value, at: codingPath) }
  }
}
