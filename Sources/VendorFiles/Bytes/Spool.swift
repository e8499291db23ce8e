import Glibc

/// Seals and opens the chunks of a spool; the caller brings it, under a key that lives no longer than the import.
///
/// Chunks are numbered from 0 and each number is sealed once. Opening must throw unless the chunk is, unaltered, the one
/// that was sealed under this number.
package protocol SpoolCipher: Sendable {
  /// How many bytes longer than its clear text a sealed chunk is.
  var addedBytes: Int { get }

  /// Fills `sealed`, which is `addedBytes` longer than `clear`.
  func seal(_ clear: RawSpan, chunk: UInt64, into sealed: inout MutableRawSpan) throws

  /// Fills `clear`, which is `addedBytes` shorter than `sealed`.
  func open(_ sealed: RawSpan, chunk: UInt64, into clear: inout MutableRawSpan) throws
}

/// Where input that can be read only once is kept for a second reading: a file without a name, sealed, never in clear.
package struct Spool: Sendable {
  let directory: String
  let cipher: any SpoolCipher

  /// - Parameter directory: where the nameless file takes its room; it must hold the whole input.
  package init(directory: String, cipher: any SpoolCipher) {
    self.directory = directory
    self.cipher = cipher
  }

  /// Copies a stream to its end.
  func copying(_ stream: Descriptor, progress: (Int) -> Void) throws(VendorFileError) -> SealedSpool {
    let descriptor = try namelessFile()
    let clear = WipedBuffer(byteCount: chunkBytes)
    let sealed = WipedBuffer(byteCount: chunkBytes + cipher.addedBytes)
    var totalBytes = 0
    var chunk: UInt64 = 0
    while true {
      let count = try fill(clear.bytes, from: stream)
      if count == 0 { break }
      try seal(clear.bytes.prefix(count), chunk: chunk, into: sealed.bytes.prefix(count + cipher.addedBytes))
      try write(sealed.bytes.prefix(count + cipher.addedBytes), to: descriptor)
      totalBytes += count
      chunk += 1
      progress(totalBytes)
      if count < chunkBytes { break }
    }
    return SealedSpool(descriptor: descriptor, cipher: cipher, totalBytes: totalBytes)
  }

  /// A new file, readable by its owner only, whose name is gone before a byte is in it.
  private func namelessFile() throws(VendorFileError) -> Descriptor {
    var path = Array("\(directory)/pinvault-spool-XXXXXX".utf8CString)
    let number = mkstemp(&path)
    guard number >= 0 else { throw .cannotSpool(reason: systemReason()) }
    let descriptor = Descriptor(owning: number)
    guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0, unlink(path) == 0 else { throw .cannotSpool(reason: systemReason()) }
    return descriptor
  }

  private func fill(
    _ target: UnsafeMutableRawBufferPointer, from stream: Descriptor
  ) throws(VendorFileError) -> Int {
    var filled = 0
    while filled < target.count {
      let count = try stream.readNext(into: UnsafeMutableRawBufferPointer(rebasing: target[filled...]))
      if count == 0 { break }
      filled += count
    }
    return filled
  }

  private func seal(
    _ clear: Slice<UnsafeMutableRawBufferPointer>, chunk: UInt64, into sealed: Slice<UnsafeMutableRawBufferPointer>
  ) throws(VendorFileError) {
    let clear = UnsafeMutableRawBufferPointer(rebasing: clear)
    let sealed = UnsafeMutableRawBufferPointer(rebasing: sealed)
    do {
      var target = sealed.mutableBytes
      try cipher.seal(clear.bytes, chunk: chunk, into: &target)
    } catch {
      throw .cannotSpool(reason: "a part of the input could not be sealed")
    }
  }

  private func write(
    _ bytes: Slice<UnsafeMutableRawBufferPointer>, to descriptor: Descriptor
  ) throws(VendorFileError) {
    var rest = UnsafeRawBufferPointer(rebasing: bytes)[...]
    while !rest.isEmpty {
      let part = UnsafeRawBufferPointer(rebasing: rest)
      let count = retryingInterrupts { Glibc.write(descriptor.number, part.baseAddress, part.count) }
      guard count > 0 else { throw .cannotSpool(reason: systemReason()) }
      rest = rest.dropFirst(count)
    }
  }
}
