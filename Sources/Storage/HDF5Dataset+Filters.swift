import CHDF5

extension HDF5Dataset {
  /// Refuses data compressed by a filter that the library does not have: only plug-ins do.
  ///
  /// - Throws: `StorageError.missingFilter` by the filter's name in the file, else its number.
  package func requireFilters() throws(StorageError) {
    let list = try HDF5.handle("read the filters of", name, in: file.path) {
      H5Dget_create_plist(handle.id)
    }
    let count = HDF5.locked { H5Pget_nfilters(list.id) }
    for place in 0..<max(0, count) {
      var (flags, values, valueCount): (UInt32, [UInt32], Int) = (0, [0], 0)
      var (text, isThere) = ([CChar](repeating: 0, count: 64), htri_t(0))
      let filter = HDF5.locked {
        let filter = ascribe_h5_filter(
          list.id, UInt32(place), &flags, &valueCount, &values, text.count, &text)
        isThere = filter < 0 ? 1 : H5Zfilter_avail(filter)
        return filter
      }
      if isThere > 0 { continue }
      let letters = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
      let found = String(decoding: letters, as: UTF8.self)
      throw .missingFilter(
        filter: found.isEmpty ? "filter \(filter)" : found, name: name, file: file.path)
    }
  }
}
