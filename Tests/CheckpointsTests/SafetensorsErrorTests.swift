import Factors
import Storage
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite("Safetensors violations")
struct SafetensorsErrorTests {
  /// A file of a header and data.
  func file(_ header: String, data: Int = 8, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  func error(_ bytes: [UInt8]) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try SafetensorsFile(bytes, path: "w.safetensors")
      return nil
    } catch { return error }
  }

  func entry(_ shape: String, _ begin: String, _ end: String, type: String = "F32") -> String {
    "{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":[\(begin),\(end)]}"
  }

  @Test(
    "every violation of the format is named",
    arguments: [
      (#"{"a":1}"#, #"the entry "a" is not an object."#),
      (#"{"a":{"shape":[2],"data_offsets":[0,8]}}"#, #"the entry "a" has no dtype."#),
      (
        #"{"a":{"dtype":"F32","data_offsets":[0,8]}}"#,
        #"the entry "a" has no shape of whole numbers."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}"#,
        #"the entry "a" has no shape of whole numbers."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#,
        #"the entry "a" has no data_offsets of two whole numbers."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
        #"the entry "a" ends before it begins, at 0 and 8."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}"#,
        #"the entry "a" has the unknown member "x"."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#,
        #"the entry "a" has shape [3] of 12 bytes, its data_offsets span 8."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}"#,
        #"the entry "a" has shape [4611686018427387904, 4], whose size overflows."#
      ),
      (
        #"{"a":{"dtype":"F4","shape":[2],"data_offsets":[0,8]}}"#,
        #""a" has elements of type F4; only F16, BF16, F32 and F64 are read."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        #""a" begins at byte 4 of the data, expected 0: bytes belong to no tensor."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        #""b" begins at byte 4 of the data, expected 8: tensors overlap."#
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        "the tensors take 4 bytes, the file has 8 for them."
      ),
      (#"{"__metadata__":{"k":1}}"#, #"the entry "__metadata__" has "k", which is not text."#),
      (#"{"__metadata__":[]}"#, #"the entry "__metadata__" is not an object."#),
      (#"[]"#, "the header is not the JSON of safetensors: expected { at byte 8."),
      (
        #"{"a":{},"a":{}}"#,
        #"the header is not the JSON of safetensors: the name "a" is given twice at byte 16."#
      ),
      (
        #"{"a":-1}"#,
        "the header is not the JSON of safetensors: expected text, a whole number, a list or an object at byte 13."
      ),
      (
        #"{"a":01}"#,
        "the header is not the JSON of safetensors: a number that begins with 0 at byte 13."
      ),
      (
        #"{"a":99999999999999999999}"#,
        "the header is not the JSON of safetensors: a number beyond 64 bits at byte 13."
      ),
      (
        #"{"a":"\ud800"}"#,
        "the header is not the JSON of safetensors: half of a character at byte 20."
      ),
      (#"{"a":"\x"}"#, "the header is not the JSON of safetensors: an unknown escape at byte 15."),
      (
        #"{} x"#, "the header is not the JSON of safetensors: something follows the end at byte 11."
      ),
      (
        #"{"a":[[[[[[[[[["#,
        "the header is not the JSON of safetensors: nested too deeply at byte 21."
      ),
      (#"{"a""#, "the header is not the JSON of safetensors: expected : at byte 12."),
      ("", "the header is not the JSON of safetensors: it ends early at byte 8."),
    ])
  func violations(header: String, what: String) {
    #expect(error(file(header))?.what == what)
  }

  @Test("a header that is not UTF-8 is refused")
  func notUTF8() {
    var bytes = file(#"{"a":"b"}"#)
    bytes[14] = 0xff
    #expect(
      error(bytes)?.what
        == "the header is not the JSON of safetensors: text that is not UTF-8 at byte 14.")
  }

  @Test("headers longer than the file or than the format allows are refused before they are read")
  func headerLength() {
    #expect(
      error(file("{}", length: 11))
        == .headerLength(claimed: 11, available: 10, file: "w.safetensors"))
    #expect(
      error(file("{}", length: .max))?.description == """
        error: the header claims 18446744073709551615 bytes, 10 are there.
          at:  w.safetensors
          fix: check that this is a whole safetensors file, and copy it again from where it came.
        """)
    #expect(error([1, 2, 3]) == .tooShort(bytes: 3, file: "w.safetensors"))
  }

  @Test("tensors that do not fit the network are named")
  func fits() throws {
    func parameters(_ tensors: [(name: String, value: Tensor)]) -> CheckpointError? {
      do throws(CheckpointError) {
        _ = try SafetensorsFile(SafetensorsFile.encoded(tensors, metadata: [:]), path: "w")
          .parameters(layout: [Parameter(name: "a", shape: [2], offset: 0)])
        return nil
      } catch { return error }
    }
    let two = Tensor([1, 2], shape: [2])
    #expect(parameters([("a", two)]) == nil)
    #expect(
      parameters([])?.description == """
        error: the network's "a" is not in the file.
          at:  w
          fix: the file has no tensors.
        """)
    #expect(
      parameters([("a", two), ("b", two)])?.description == """
        error: the network has no "b".
          at:  w
          fix: describe the network it belongs to; this one has a.
        """)
    #expect(
      parameters([("a", two.reshaped([1, 2]))])?.description == """
        error: "a" has shape [1, 2], the network's has [2].
          at:  w
          fix: make the model of the run file the one that the weights are of.
        """)
    #expect(
      parameters([("a", Tensor([1, .infinity], shape: [2]))])
        == .notFinite(name: "a", element: 1, value: .infinity, file: "w"))
  }

  @Test("elements of another type are refused when they are asked for")
  func otherTypes() throws {
    let bytes = file("{\"a\":\(entry("[4]", "0", "8", type: "I16"))}")
    let half = try SafetensorsFile(bytes, path: "w")
    #expect(half.entries.map(\.type) == ["I16"])
    #expect(throws: CheckpointError.unsupportedType(name: "a", type: "I16", file: "w")) {
      try half.tensor("a")
    }
  }
}
