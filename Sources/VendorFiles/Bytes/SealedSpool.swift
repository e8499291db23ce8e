/// A filled spool: equal chunks, sealed one by one, the last one shorter.
struct SealedSpool: Sendable {
  let descriptor: Descriptor
  let cipher: any SpoolCipher
  let totalBytes: Int

  /// Opens a chunk and returns the length of its clear text, 0 past the end.
  func open(
    chunk: Int, into clear: UnsafeMutableRawBufferPointer, by way: UnsafeMutableRawBufferPointer
  ) throws(VendorFileError) -> Int {
    let count = min(chunkBytes, totalBytes - chunk * chunkBytes)
    guard count > 0 else { return 0 }
    let sealed = UnsafeMutableRawBufferPointer(rebasing: way.prefix(count + cipher.addedBytes))
    let start = chunk * (chunkBytes + cipher.addedBytes)
    var filled = 0
    while filled < sealed.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: sealed[filled...])
      let read = try descriptor.read(into: rest, at: start + filled)
      guard read > 0 else { throw .cannotSpool(reason: "the spool is shorter than what was written to it") }
      filled += read
    }
    do {
      var target = UnsafeMutableRawBufferPointer(rebasing: clear.prefix(count)).mutableBytes
      try cipher.open(sealed.bytes, chunk: UInt64(chunk), into: &target)
    } catch {
      throw .cannotSpool(reason: "a part of the spool could not be opened again")
    }
    return count
  }
}

/// One pass over a spool.
final class SpooledBytes: ByteSource {
  private let spool: SealedSpool
  private let clear = WipedBuffer(byteCount: chunkBytes)
  private let sealed: WipedBuffer
  private var nextChunk = 0
  private var unread = 0..<0
  private(set) var consumedBytes = 0

  init(of spool: SealedSpool) {
    self.spool = spool
    sealed = WipedBuffer(byteCount: chunkBytes + spool.cipher.addedBytes)
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(VendorFileError) -> Int {
    if unread.isEmpty {
      unread = 0..<(try spool.open(chunk: nextChunk, into: clear.bytes, by: sealed.bytes))
      nextChunk += 1
    }
    let count = min(target.count, unread.count)
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: clear.bytes[unread].prefix(count)))
    unread.removeFirst(count)
    consumedBytes += count
    return count
  }
}
