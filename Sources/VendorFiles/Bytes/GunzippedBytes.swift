import CZlib

/// The text inside a gzip stream, of one member or of many in a row (RFC 1952), padded at its end with zeros or not.
///
/// Every byte that came out before the damage is given first, then the error: what a reader sees of a damaged file does
/// not depend on the sizes of its reads. zlib's checksum comes last, so nothing may be kept of a file before its end.
final class GunzippedBytes: ByteSource {
  private enum Place {
    case beforeMember(isFirst: Bool)
    case insideMember
    case padding
  }

  private let compressed: any ByteSource
  /// On the heap because zlib remembers the address.
  private let stream: UnsafeMutablePointer<z_stream>
  private let input = WipedBuffer(byteCount: chunkBytes)
  private var unread = 0..<0
  private var isInputOver = false
  private var place = Place.beforeMember(isFirst: true)
  private var failure: VendorFileError?

  var consumedBytes: Int { compressed.consumedBytes - unread.count }

  init(of compressed: any ByteSource) throws(VendorFileError) {
    self.compressed = compressed
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let gzipOnly: Int32 = 16 + MAX_WBITS
    let result = inflateInit2_(stream, gzipOnly, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { throw .cannotRead(reason: "zlib could not start") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(VendorFileError) -> Int {
    while true {
      if let failure { throw failure }
      try takeInput()
      switch place {
      case .beforeMember(let isFirst):
        if unread.isEmpty, isFirst { throw .compressedEndsEarly }
        if unread.isEmpty { return 0 }
        if !isFirst, input.bytes[unread.lowerBound] == 0 {
          place = .padding
        } else {
          inflateReset(stream)
          place = .insideMember
        }
      case .padding:
        guard input.bytes[unread].allSatisfy({ $0 == 0 }) else { throw .compressedDamaged }
        if isInputOver { return 0 }
        unread = 0..<0
      case .insideMember:
        let count = inflateOnce(into: target)
        if count > 0 { return count }
      }
    }
  }

  private func takeInput() throws(VendorFileError) {
    guard unread.isEmpty, !isInputOver else { return }
    unread = 0..<(try compressed.read(into: input.bytes))
    isInputOver = unread.isEmpty
  }

  /// Decompresses some of the input, minding where the member ends and what is wrong with it.
  private func inflateOnce(into target: UnsafeMutableRawBufferPointer) -> Int {
    let room = UInt32(clamping: target.count)
    let bytes = input.bytes.assumingMemoryBound(to: UInt8.self)
    stream.pointee.next_in = bytes.baseAddress?.advanced(by: unread.lowerBound)
    stream.pointee.avail_in = UInt32(unread.count)
    stream.pointee.next_out = target.assumingMemoryBound(to: UInt8.self).baseAddress
    stream.pointee.avail_out = room
    let result = inflate(stream, Z_NO_FLUSH)
    unread.removeFirst(unread.count - Int(stream.pointee.avail_in))
    switch result {
    case Z_OK: break
    case Z_STREAM_END: place = .beforeMember(isFirst: false)
    case Z_BUF_ERROR where isInputOver: failure = .compressedEndsEarly
    case Z_BUF_ERROR: break
    case Z_MEM_ERROR: failure = .cannotRead(reason: "zlib has no memory left")
    default: failure = .compressedDamaged
    }
    return Int(room - stream.pointee.avail_out)
  }
}
