import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// The elements and the text of an XML document; nil when it is not well-formed.
final class XML: NSObject, XMLParserDelegate {
  var elements: [(name: String, attributes: [String: String])] = []
  var text = ""

  static func parse(_ document: String) -> XML? {
    let reader = XML()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = reader
    return parser.parse() ? reader : nil
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String] = [:]
  ) { elements.append((name, attributes)) }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }

  func count(_ name: String) -> Int { elements.count { $0.name == name } }

  func attributes(_ name: String, _ attribute: String) -> [String] {
    elements.compactMap { $0.name == name ? $0.attributes[attribute] : nil }
  }
}
