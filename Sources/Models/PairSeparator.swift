import Foundation

/// The token between the two texts of a pair, as a `tokenizer.json` has it, where the second text is
/// of the second segment: BERT's `[CLS] a [SEP] b [SEP]` with types 0 0 0 1 1.
struct PairSeparator {
  /// Its id.
  let id: Int

  /// That of the `tokenizer.json` in a folder; nil when there is none, or pairs are of one segment.
  init?(beside folder: String) {
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: folder + "/tokenizer.json")),
      let file = try? JSONDecoder().decode(File.self, from: bytes),
      let found = file.post_processor?.separator
    else { return nil }
    id = found
  }

  private struct File: Decodable { let post_processor: Processor? }

  /// The parts of a `post_processor` that say it.
  private struct Processor: Decodable {
    struct Piece: Decodable {
      struct Name: Decodable {
        let id: String
        let type_id: Int
      }
      let SpecialToken, Sequence: Name?
    }
    struct Special: Decodable { let ids: [Int] }
    /// `["[SEP]", 102]`.
    struct Named: Decodable {
      let id: Int
      init(from decoder: any Decoder) throws {
        var list = try decoder.unkeyedContainer()
        _ = try list.decode(String.self)
        id = try list.decode(Int.self)
      }
    }
    let type: String
    let pair: [Piece]?
    let special_tokens: [String: Special]?
    let sep: Named?
    let processors: [Processor]?

    var separator: Int? {
      switch type {
      case "BertProcessing": return sep?.id
      case "Sequence": return processors?.lazy.compactMap(\.separator).first
      case "TemplateProcessing":
        let pieces = pair ?? []
        for (before, piece) in zip(pieces, pieces.dropFirst()) where piece.Sequence?.type_id == 1 {
          guard let name = before.SpecialToken?.id else { return nil }
          return special_tokens?[name]?.ids.first
        }
        return nil
      default: return nil
      }
    }
  }
}
