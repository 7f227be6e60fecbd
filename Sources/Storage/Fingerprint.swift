/// What a file was made from: named texts in a fixed order, such as model, dataset,
/// outputFunction, projector, dtype and engine.
///
/// Two files belong together only when every field is equal; where a file was made is compared
/// when it is gone on with, not when it is read.
public struct Fingerprint: Hashable, Codable, Sendable {
  /// One named fact.
  public struct Field: Hashable, Codable, Sendable {
    /// The name that a mismatch reports.
    public let name: String
    /// A hash, an identity or a setting.
    public let value: String
  }

  /// The group of an HDF5 file whose attributes are the fields.
  public static let groupName = "fingerprint"
  /// The fields in order.
  public private(set) var fields: [Field] = []

  /// A fingerprint without fields.
  public init() {}

  /// A fingerprint of named values.
  ///
  /// - Precondition: no name twice.
  public init(_ fields: KeyValuePairs<String, String>) {
    for (name, value) in fields { append(name, value) }
  }

  /// Adds a field at the end.
  ///
  /// - Precondition: the name is new.
  public mutating func append(_ name: String, _ value: String) {
    precondition(self[name] == nil, "field \(name) twice")
    fields.append(Field(name: name, value: value))
  }

  /// The value of a field.
  public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

  /// Throws when two fingerprints differ, naming the first field that does: those of `expected`
  /// in order, then those that only `found` has.
  ///
  /// - Parameter purpose: whether the fields of the machine count.
  /// - Throws: `StorageError.fingerprintMismatch`.
  public static func requireEqual(
    expected: Fingerprint, found: Fingerprint, file: String, for purpose: Purpose = .reading
  ) throws(StorageError) {
    if let name = expected.differences(from: found, for: purpose).first {
      throw .fingerprintMismatch(
        field: name, expected: expected[name], found: found[name], file: file)
    }
  }

  /// Keeps the fields as attributes of the group `fingerprint`.
  package func write(to file: HDF5File) throws(StorageError) {
    try file.makeGroup(Fingerprint.groupName)
    for field in fields {
      guard !field.name.isEmpty else {
        throw .invalidName(name: field.name, problem: "a field of the fingerprint needs a name")
      }
      try file.setAttribute(field.name, .text(field.value), on: Fingerprint.groupName)
    }
  }

  /// Reads the fields that `write(to:)` kept; none when the file has no such group.
  package init(from file: HDF5File) throws(StorageError) {
    guard file.contains(Fingerprint.groupName) else { return }
    for name in try file.attributeNames(of: Fingerprint.groupName) {
      let value = try file.attribute(name, of: Fingerprint.groupName)
      guard case .text(let text) = value, self[name] == nil else {
        throw .inconsistent(problem: "fingerprint field \(name) is not a text", file: file.path)
      }
      fields.append(Field(name: name, value: text))
    }
  }
}
