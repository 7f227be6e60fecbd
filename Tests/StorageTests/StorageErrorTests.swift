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
      (
        .rowsCorrupt(rows: 8..<16, dataset: "seed-0/features", file: "f.h5"),
        """
        error: rows 8..<16 of seed-0/features changed after they were written: their checksum does \
        not match.
          at:  f.h5:seed-0/features
          fix: copy the file again from where it came, or delete it and make it again.
        """, 4
      ),
      (
        .inconsistent(problem: "3 ids for 4 rows", file: "f.h5"),
        """
        error: the parts do not fit together: 3 ids for 4 rows.
          at:  f.h5
          fix: copy the file again from where it came, or delete it and make it again.
        """, 4
      ),
      (
        .notAFile(path: "/dev/null"),
        """
        error: this is a folder, device or pipe, and no file can take its place.
          at:  /dev/null
          fix: choose the name of a file.
        """, 3
      ),
      (
        .unsupportedVersion(found: 7, newest: 3, file: "f.h5"),
        """
        error: format version 7 is unknown; this version reads up to 3.
          at:  f.h5
          fix: use a newer version of Ascribe, or make the file again.
        """, 4
      ),
      (
        .missingObject(name: "scores", file: "f.h5"),
        """
        error: there is no scores.
          at:  f.h5
          fix: check that this is the intended file and name.
        """, 3
      ),
      (
        .wrongShape(name: "scores", expected: [2, 3], found: [3], file: "f.h5"),
        """
        error: scores has shape [3], expected [2, 3].
          at:  f.h5:scores
          fix: check that this is the intended file and name.
        """, 3
      ),
      (
        .tooLarge(name: "scores", shape: [1 << 40, 2], file: "f.h5"),
        """
        error: scores claims shape [1099511627776, 2], more than the file or the memory can hold.
          at:  f.h5:scores
          fix: the file is damaged or hostile; get it again from its source.
        """, 3
      ),
      (
        .rowsOutOfRange(rows: 5..<9, available: 8, file: "f.h5"),
        """
        error: rows 5..<9 were asked for, there are 8.
          at:  f.h5
          fix: ask for rows within the store.
        """, 3
      ),
      (
        .notStorable(
          value: -.infinity, type: "float32", dataset: "features", row: 0, column: 2, file: "f.h5"),
        """
        error: features row 0, column 2 is -inf, which float32 cannot store.
          at:  f.h5:features
          fix: find the example that gives it (often a diverged checkpoint) and leave it out.
        """, 3
      ),
      (
        .fingerprintMismatch(field: "blasCore", expected: "a", found: "b", file: "f.h5"),
        """
        error: blasCore differs: expected "a", found "b".
          at:  f.h5
          fix: go on where it was begun (processor, BLAS core, memory of a block), or begin anew \
        with ‹overwrites›.
        """, 4
      ),
      (
        .invalidName(name: "a/b", problem: "it has a slash"),
        """
        error: the name "a/b" cannot be stored: it has a slash.
          at:  a/b
          fix: choose another name.
        """, 3
      ),
      (
        .invalidLayout(problem: "0 rows"),
        """
        error: no store can have 0 rows.
          at:  the layout of the store
          fix: ask for at least one row, column and group, and float32 or half precision.
        """, 3
      ),
      (
        .system(operation: "open the file", path: "/x", code: ENOENT),
        """
        error: cannot open the file: No such file or directory.
          at:  /x
          fix: check the path.
        """, 3
      ),
      (
        .system(operation: "read the file", path: "/x", code: EIO),
        """
        error: cannot read the file: Input/output error.
          at:  /x
          fix: check the path and the disk.
        """, 3
      ),
    ] as [(StorageError, String, Int32)])
  func errorsSayWhatWhereAndHowToFixIt(error: StorageError, text: String, code: Int32) {
    #expect(error.description == text)
    #expect(error.exitCode == code)
  }
}
