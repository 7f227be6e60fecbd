import Foundation
import Testing

@testable import Storage

@Suite struct StorageErrorTests {
  @Test func aFullDiskSaysWhatIsKept() throws {
    let file = try OpenFile(writing: "/dev/full", creating: false)
    let error = #expect(throws: StorageError.self) { try file.write([1, 2], count: 2, at: 0) }
    #expect(
      error?.description == """
        error: cannot write the file: No space left on device.
          at:  /dev/full
          fix: free some space, or raise the limit, and run the same command again.
        """)
  }

  @Test(
    arguments: [
      (
        StorageError.fingerprintMismatch(field: "model", expected: "a", found: nil, file: "f.h5"),
        """
        error: model differs: expected "a", found none.
          at:  f.h5
          fix: use the file made for this model and data, or make it again with ‹overwrites›.
        """, 4
      ),
      (
        .sealBroken(file: "f.h5"),
        """
        error: the file changed after it was written: its seal does not match.
          at:  f.h5
          fix: copy the file again from where it came, or delete it and make it again.
        """, 4
      ),
      (
        .wrongLength(expected: 700, found: 600, file: "f.h5"),
        """
        error: the file has 600 bytes, but had 700 when it was sealed.
          at:  f.h5
          fix: copy the file again from where it came, or delete it and make it again.
        """, 4
      ),
      (
        .notSealed(file: "f.h5"),
        """
        error: this is not a file written by Ascribe: the magic bytes are missing.
          at:  f.h5
          fix: name a file that Ascribe made, or make it again.
        """, 4
      ),
      (
        .system(operation: "create the file", path: "/x/f.h5", code: EACCES),
        """
        error: cannot create the file: Permission denied.
          at:  /x/f.h5
          fix: choose a folder that you may write to, or change its permissions.
        """, 1
      ),
      (
        .hdf5(
          operation: "open the file", object: "", file: "f.h5",
          stack: "H5F_locate_signature: file signature not found; H5F_open: unable to open: 0x7f"),
        """
        error: HDF5 cannot open the file: file signature not found.
          at:  f.h5
          fix: check that the file is complete and a valid HDF5 file.
        """, 3
      ),
      (
        .system(operation: "list the folder", path: "/x", code: EACCES),
        """
        error: cannot list the folder: Permission denied.
          at:  /x
          fix: change its permissions, or those of the folders above it.
        """, 1
      ),
      (
        .unknownGroup(name: "seed-1", known: ["seed-0", "seed-2"], file: "f.h5"),
        """
        error: there is no group "seed-1"; known: seed-0, seed-2.
          at:  f.h5
          fix: name one of the known groups.
        """, 3
      ),
      (
        .notStorable(
          value: 70000, type: "float16", dataset: "features", row: 3, column: 1, file: "f.h5"),
        """
        error: features row 3, column 1 is 70000.0, which float16 cannot store.
          at:  f.h5:features
          fix: store as float32, or rescale.
        """, 3
      ),
      (
        .fingerprintMismatch(
          field: "projector", expected: "mask k=8 " + String(repeating: "x", count: 200),
          found: "mask k=9", file: "f.h5"),
        """
        error: projector differs: expected "mask k=8 \(String(repeating: "x", count: 141))…", found "mask k=9".
          at:  f.h5
          fix: use the file made for this model and data, or make it again with ‹overwrites›.
        """, 4
      ),
      (
        .incomplete(group: "a", missing: 3..<9, file: "f.h5"),
        """
        error: rows 3..<9 of group "a" were not written.
          at:  f.h5
          fix: write the missing rows before finishing.
        """, 1
      ),
      (
        .storeInUse(path: "t.shards"),
        """
        error: another process is writing this store.
          at:  t.shards
          fix: wait for the other process, or stop it.
        """, 1
      ),
      (
        .unexpectedFile(path: "t.shards/a/9.h5"),
        """
        error: this file is not a part of the store being written.
          at:  t.shards/a/9.h5
          fix: delete it, or start the store anew with ‹overwrites›.
        """, 4
      ),
    ] as [(StorageError, String, Int32)])
  func errorsSayWhatWhereAndHowToFixIt(error: StorageError, text: String, code: Int32) {
    #expect(error.description == text)
    #expect(error.exitCode == code)
  }
}
