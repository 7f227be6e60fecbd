import JSON

/// A text that is put together from the fields of a line, of which a part alone is to be predicted.
enum TextParts: Sendable, Equatable {
  /// The prompt and the completion behind it, as they are; the completion is to be predicted.
  case pair(prompt: String, completion: String)
  /// A list of `{role, content}`; what `assistant` says is to be predicted.
  case chat(field: String, ChatForm)

  /// A text and the bytes of its UTF-8 that are to be predicted, in ascending order.
  struct Text {
    var text = ""
    var predicted: [Range<Int>] = []

    mutating func add(_ part: String, isPredicted: Bool) {
      let start = text.utf8.count
      text += part
      if isPredicted, !part.isEmpty { predicted.append(start..<text.utf8.count) }
    }
  }

  /// What a description calls the text.
  var description: String {
    switch self {
    case .pair(let prompt, let completion): "`\(prompt)` and `\(completion)`"
    case .chat(let field, let form): "the chats `\(field)` \(form.description)"
    }
  }

  /// What of it is to be predicted.
  var predicted: String {
    switch self {
    case .pair(_, let completion): "`\(completion)`"
    case .chat: "what `assistant` says"
    }
  }

  /// The field that errors name.
  var field: String {
    switch self {
    case .pair(_, let completion): completion
    case .chat(let field, _): field
    }
  }

  /// The fields that a line has.
  var fields: [String] {
    switch self {
    case .pair(let prompt, let completion): [prompt, completion]
    case .chat(let field, _): [field]
    }
  }

  func text(of node: JSONNode) throws(JSONError) -> Text {
    var text = Text()
    switch self {
    case .pair(let prompt, let completion):
      text.add(try node.member(prompt).text(), isPredicted: false)
      text.add(try node.member(completion).text(), isPredicted: true)
    case .chat(let field, let form):
      for turn in try node.member(field).elements() {
        try turn.checkMembers(["role", "content"])
        let (role, content) = (try turn.member("role"), try turn.member("content").text())
        let name = try role.text()
        guard let (before, after) = form.around(name) else {
          throw role.wrong("one of the roles of `chat`: \(form.roles.joined(separator: ", "))")
        }
        text.add(before, isPredicted: false)
        text.add(content + after, isPredicted: name == "assistant")
      }
    }
    return text
  }
}

/// How the turns of a chat are written one after the other.
struct ChatForm: Sendable, Equatable {
  /// The text before and after what each role says; nil: ChatML, of any role.
  var turns: [String: Turn]?

  struct Turn: Sendable, Equatable {
    var before: String
    var after: String
  }

  var roles: [String] { turns.map { $0.keys.sorted() } ?? [] }

  var description: String { turns == nil ? "in ChatML" : "in the form of `chat`" }

  /// What stands around a turn; nil for a role that the form has not.
  func around(_ role: String) -> (before: String, after: String)? {
    guard let turns else { return ("<|im_start|>\(role)\n", "<|im_end|>\n") }
    return turns[role].map { ($0.before, $0.after) }
  }
}
