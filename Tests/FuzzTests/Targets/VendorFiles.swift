import CZlib

@testable import VendorFiles

extension FuzzTarget {
  /// A vendor's file: CSV text, or gzip, cut into pieces of any sizes.
  ///
  /// Input: how it is read · a seed of the pieces' sizes · the bytes.
  static let vendorFile = FuzzTarget(name: "vendor-file", longestInput: 4096) { bytes in
    var input = Input(bytes)
    let how = input.byte()
    let seed = input.byte()
    let content = input.rest
    let isCompressed = how & 1 == 1
    let limit = how & 2 == 0 ? 2048 : 64
    let whole = try read(content, pieces: nil, isCompressed: isCompressed, limit: limit, chunk: 4096)
    let inPieces = try read(content, pieces: seed, isCompressed: isCompressed, limit: limit, chunk: 1 + Int(seed & 31))
    try hold(whole == inPieces, "the same bytes in other pieces read as another file")
    if how & 4 == 4 {
      let compressed = gzip(content)
      let unpacked = try read(compressed, pieces: seed, isCompressed: true, limit: limit, chunk: 4096)
      let plain = try read(content, pieces: nil, isCompressed: false, limit: limit, chunk: 4096)
      try hold(plain == unpacked, "a compressed file reads as another one")
    }
  }
}

/// All that a file was read as.
private struct Reading: Equatable {
  var rows: [String] = []
  var error: VendorFileError?
}

private func read(
  _ content: [UInt8], pieces seed: UInt8?, isCompressed: Bool, limit: Int, chunk: Int
) throws -> Reading {
  var reading = Reading()
  let source = Pieces(content, seed: seed)
  do throws(VendorFileError) {
    let text: any ByteSource = isCompressed ? try GunzippedBytes(of: source) : source
    var reader = try VendorFileReader(
      bytes: text, totalBytes: nil, today: CalendarDay(daysSince1970: 20_454), recordLimitBytes: limit,
      chunkBytes: chunk)
    while let row = try reader.next() {
      switch row {
      case .card(let line, let expires):
        let (serial, pin) = reader.withCard { (Array($0), Array($1)) }
        reading.rows.append("\(line) \(serial) \(pin) \(expires.map { "\($0)" } ?? "never")")
      case .refused(let refused): reading.rows.append("\(refused)")
      }
    }
  } catch {
    reading.error = error
  }
  // A deflated row takes at least a bit or so; what is read stays in proportion to what came.
  try hold(reading.rows.count <= content.count * (isCompressed ? 1100 : 1), "there are more rows than bytes")
  try hold(source.consumedBytes <= content.count, "more was read than there is")
  return reading
}

/// Bytes handed out in pieces of one to sixteen, as the seed says, or at once.
private final class Pieces: ByteSource {
  private let bytes: [UInt8]
  private var seed: UInt32?
  private(set) var consumedBytes = 0

  init(_ bytes: [UInt8], seed: UInt8?) {
    self.bytes = bytes
    self.seed = seed.map { UInt32($0) + 1 }
  }

  func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    var most = target.count
    if let present = seed {
      let next = present &* 1_664_525 &+ 1_013_904_223
      seed = next
      most = min(most, 1 + Int(next >> 28))
    }
    let count = min(most, bytes.count - consumedBytes)
    target.copyBytes(from: bytes[consumedBytes..<consumedBytes + count])
    consumedBytes += count
    return count
  }
}

/// The bytes as a gzip file of one member.
private func gzip(_ bytes: [UInt8]) -> [UInt8] {
  var stream = z_stream()
  let windowBits: Int32 = 16 + 9
  deflateInit2_(
    &stream, 1, Z_DEFLATED, windowBits, 1, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: bytes.count + bytes.count / 8 + 128)
  let count = input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      deflate(&stream, Z_FINISH)
      return output.count - Int(stream.avail_out)
    }
  }
  return Array(output.prefix(count))
}
