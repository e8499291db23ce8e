/// A stream of bytes read once, front to back.
package protocol ByteSource: AnyObject {
  /// Puts the next bytes at the start of the target and returns how many: at least one, or 0 at the end.
  func read(into target: UnsafeMutableRawBufferPointer) throws(VendorFileError) -> Int

  /// How many bytes of the stored input (compressed, if it is) were taken so far: the measure of progress.
  var consumedBytes: Int { get }
}

/// How much is read, sealed or decompressed at a time.
package let chunkBytes = 256 * 1024
