import Foundation
import TestSupport
import Testing

/// A folder of colour images from training to the page.
@Suite struct ImageTests {
  let work: Workspace

  init() throws {
    work = try Workspace()
    try FileManager.default.copyItem(atPath: fixture("Images/colour"), toPath: work.file("colour"))
    try work.write(
      """
      name: pictures
      data:
        train: {format: images, path: colour}
        test: {format: images, path: colour}
        standardise: channels
      model: {kind: mlp, hidden: [4]}
      training: {rate: 0.01, epochs: 2, batch: 2}

      """, to: "pictures.yaml")
    try work.succeed("train", "pictures.yaml")
  }

  /// The PNG files that stand in a page.
  private func pictures(_ name: String) throws -> [Data] {
    try work.text(name).components(separatedBy: "data:image/png;base64,").dropFirst().compactMap {
      Data(base64Encoded: String($0.prefix { $0 != "\"" }))
    }
  }

  @Test("images are named by path, and pages show them in colour")
  func pages() throws {
    let answer = try work.object(
      "query", "pictures", "--test", "cat/a.png,dog/z.jpg", "--top", "2", "--report", "q.html")
    let queries = try #require(answer["queries"] as? [[String: Any]])
    #expect(queries.map { $0["id"] as? String } == ["cat/a.png", "dog/z.jpg"])
    #expect(queries.map { $0["label"] as? String } == ["cat", "dog"])
    try work.succeed("mislabeled", "pictures", "--report", "m.html")
    for name in ["q.html", "m.html"] {
      let found = try pictures(name)
      #expect(found.count >= 4, "\(name)")
      // Width, height and colour type of a PNG file: 8 × 6, RGB.
      for picture in found {
        let bytes = Array(picture)
        try #require(bytes.count > 26)
        #expect(bytes[19] == 8 && bytes[23] == 6 && bytes[25] == 2, "\(name)")
      }
    }
  }

  @Test("a changed picture is noticed")
  func changed() throws {
    try FileManager.default.removeItem(atPath: work.file("colour/cat/a.png"))
    try FileManager.default.copyItem(
      atPath: work.file("colour/cat/b.png"), toPath: work.file("colour/cat/a.png"))
    try work.fail(4, "query", "pictures", "--test", "cat/a.png", words: ["train data"])
  }
}
