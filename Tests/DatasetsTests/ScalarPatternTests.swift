import Testing

@testable import Text

/// The regular expressions of pre-tokenizers.
@Suite struct ScalarPatternTests {
  static func parts(_ pattern: String, _ text: String) throws -> [String] {
    let scalars = Array(text.unicodeScalars)
    return try ScalarPattern(pattern).matches(in: scalars).map { Array(scalars[$0]).string }
  }

  @Test(
    "matches are the leftmost ones, the first alternative before the longest",
    arguments: [
      ("a|ab", "abab", ["a", "a"]), ("ab|a", "aab", ["a", "ab"]), ("a+", "aabaaa", ["aa", "aaa"]),
      ("a+?", "aa", ["a", "a"]), ("a{2}", "aaaaa", ["aa", "aa"]),
      ("a{2,3}", "aaaaa", ["aaa", "aa"]),
      ("a{,2}b", "aaab", ["aab"]), ("(?:ab)+", "ababxab", ["abab", "ab"]),
      ("(ab|a)(c|bcd)", "abcd", ["abc"]), ("a(?=b)", "abac", ["a"]), ("a(?!b)", "abac", ["a"]),
      (#"\s+(?!\S)|\s+"#, "a   b ", ["  ", " ", " "]), ("[a-c]+", "abxcd", ["ab", "c"]),
      ("[^a-c]+", "abxcd", ["x", "d"]), ("[^\\s\\p{L}]+", "a1 2b", ["1", "2"]),
      ("[]a]+", "a]b", ["a]"]), ("[a\\-]+", "a-b", ["a-"]), ("[-a]+", "a-b", ["a-"]),
      ("[[ab]c]+", "abcd", ["abc"]), ("(?i:Ab)", "aBAb", ["aB", "Ab"]),
      ("(?i)x|y", "XY", ["X", "Y"]),
      ("\\p{Lu}\\p{Ll}+", "Abc DeF", ["Abc", "De"]), ("\\P{L}", "a1", ["1"]),
      ("\\p{^L}", "a1", ["1"]), (".+", "ab\ncd", ["ab", "cd"]), ("b$", "b\nab", ["b", "b"]),
      ("^b", "b\nbb", ["b", "b"]), ("a++b", "aab", ["aab"]), ("a?+ab", "ab", [String]()),
      ("\\x41\\u0042\\x{43}", "ABC", ["ABC"]), ("a*b+?", "aabb", ["aab", "b"]),
      ("(?:a|b)*?c", "abac", ["abac"]), ("(?:ab?){2,}", "ababa", ["ababa"]),
    ])
  func matches(pattern: String, text: String, wanted: [String]) throws {
    #expect(try Self.parts(pattern, text) == wanted)
  }

  @Test(
    "what is not known is refused by its text",
    arguments: [
      ("(?<=a)b", "(?<="), ("(?>a)", "(?>a"), ("a(", "`(` without"), ("a)", "`)`"), ("[a", "`[`"),
      ("*a", "`*`"), ("a**", "a repeated repetition"), ("\\b", "`\\b`"), ("\\1", "`\\1`"),
      ("(a?)*b", "may be empty"), ("a*", "matches nothing"), ("[a&&b]", "&&"),
      ("\\p{Greek}", "`\\p{Greek}`"), ("a{2,1}", "{"), ("a{9999}", "1,000"), ("[z-a]", "backwards"),
      ("(?:ab)++", "possessive"), ("[[:alpha:]]", "[:"), ("(?=a)", "matches nothing"),
      ("\\", "at the end"),
    ])
  func refusals(pattern: String, what: String) {
    let error = #expect(throws: PatternProblem.self) { try ScalarPattern(pattern) }
    #expect(error?.text.contains(what) == true, "\(error?.text ?? "none")")
  }

  @Test("copies of repeated groups have a limit")
  func copies() {
    #expect(throws: PatternProblem.self) {
      try ScalarPattern("(?:(?:(?:ab){100}){100}){100}")
    }
  }
}
