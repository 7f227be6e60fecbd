/// A JSON value with its members in order.
///
/// Texts are kept scalar by scalar; compare them by `utf8` where canonically equal texts differ, as
/// the tokens of a vocabulary do.
public enum JSONValue: Sendable {
  /// A text.
  case text(String)
  /// A whole number that fits 64 bits, written without fraction and exponent.
  case whole(Int)
  /// Any other number; written as null when it is not finite.
  case number(Double)
  /// A number by its digits: to be written, never read.
  case digits(String)
  /// true or false.
  case truth(Bool)
  /// null.
  case null
  /// A list.
  case list([JSONValue])
  /// Names, all different, with their values.
  case object([(name: String, value: JSONValue)])
}
