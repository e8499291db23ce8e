import CZlib
import Foundation
import Testing

@testable import VendorFiles

/// A row as tests compare it.
enum ReadRow: Equatable, Sendable {
  case card(line: Int, serial: String, pin: String, expires: String?)
  case refused(line: Int, reason: String)

  var line: Int {
    switch self {
    case .card(let line, _, _, _), .refused(let line, _): line
    }
  }

  var isCard: Bool {
    if case .card = self { true } else { false }
  }
}

/// The rows before the end of a file or before what is wrong with it.
struct Reading {
  var rows: [ReadRow] = []
  var error: VendorFileError?
  var consumedBytes = 0
  var ignoredColumns: [String] = []
}

let firstOf2026 = CalendarDay(daysSince1970: 20_454)

func readAll(_ makeReader: () throws(VendorFileError) -> VendorFileReader) -> Reading {
  var reading = Reading()
  do throws(VendorFileError) {
    var reader = try makeReader()
    reading.ignoredColumns = reader.ignoredColumns
    defer { reading.consumedBytes = reader.consumedBytes }
    while let row = try reader.next() {
      switch row {
      case .card(let line, let expires):
        let (serial, pin) = reader.withCard { serial, pin in (string(serial), string(pin)) }
        reading.rows.append(.card(line: line, serial: serial, pin: pin, expires: expires?.description))
      case .refused(let refused):
        reading.rows.append(.refused(line: refused.line, reason: refused.fault.name))
      }
    }
  } catch {
    reading.error = error
  }
  return reading
}

func readAll(_ text: some Sequence<UInt8>) -> Reading {
  readAll { () throws(VendorFileError) in
    let bytes = BytesInMemory(Array(text))
    return try VendorFileReader(bytes: bytes, totalBytes: nil, today: firstOf2026)
  }
}

func readAll(path: String) -> Reading {
  readAll { () throws(VendorFileError) in
    try VendorFile(path: path, spool: unusedSpool).reader(today: firstOf2026)
  }
}

/// For input that needs no spool: its directory does not exist.
let unusedSpool = Spool(directory: "/nonexistent", cipher: ScramblingCipher())

private func string(_ span: RawSpan) -> String {
  span.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
}

/// Text in memory, given in pieces whose sizes the caller chooses.
final class BytesInMemory: ByteSource {
  private var rest: ArraySlice<UInt8>
  private let pieceBytes: () -> Int
  private(set) var consumedBytes = 0

  init(_ bytes: [UInt8], pieceBytes: @escaping () -> Int = { .max }) {
    rest = bytes[...]
    self.pieceBytes = pieceBytes
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(VendorFileError) -> Int {
    let piece = rest.prefix(min(target.count, max(1, pieceBytes())))
    target.copyBytes(from: piece)
    rest = rest.dropFirst(piece.count)
    consumedBytes += piece.count
    return piece.count
  }
}

/// A cipher good enough to tell clear text from sealed, and one chunk from another.
struct ScramblingCipher: SpoolCipher {
  struct Altered: Error {}

  var addedBytes: Int { 8 }

  func seal(_ clear: RawSpan, chunk: UInt64, into sealed: inout MutableRawSpan) throws {
    var sum = chunk &+ 1
    for offset in 0..<clear.byteCount {
      let byte = clear.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      sealed.storeBytes(of: byte ^ 0xA5, toByteOffset: offset, as: UInt8.self)
      sum = sum &* 31 &+ UInt64(byte)
    }
    sealed.storeBytes(of: sum, toByteOffset: clear.byteCount, as: UInt64.self)
  }

  func open(_ sealed: RawSpan, chunk: UInt64, into clear: inout MutableRawSpan) throws {
    var sum = chunk &+ 1
    for offset in 0..<clear.byteCount {
      let byte = sealed.unsafeLoad(fromByteOffset: offset, as: UInt8.self) ^ 0xA5
      clear.storeBytes(of: byte, toByteOffset: offset, as: UInt8.self)
      sum = sum &* 31 &+ UInt64(byte)
    }
    guard sealed.unsafeLoadUnaligned(fromByteOffset: clear.byteCount, as: UInt64.self) == sum else { throw Altered() }
  }
}

/// A directory of its own for a test, removed afterwards with all that is in it.
func withTemporaryDirectory<R>(_ body: (URL) throws -> R) throws -> R {
  let directory = FileManager.default.temporaryDirectory.appending(path: "vendor-files-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: directory) }
  return try body(directory)
}

/// Reads bytes as though they were a file of this name.
func readAll(_ bytes: [UInt8], named name: String) throws -> Reading {
  try withTemporaryDirectory { directory in
    let file = directory.appending(path: name)
    try Data(bytes).write(to: file)
    return readAll(path: file.path)
  }
}

/// One gzip member.
func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
  var stream = z_stream()
  let gzipFormat = 16 + MAX_WBITS
  let size = Int32(MemoryLayout<z_stream>.size)
  deflateInit2_(&stream, level, Z_DEFLATED, gzipFormat, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
  defer { deflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))))
  input.withUnsafeMutableBufferPointer { input in
    output.withUnsafeMutableBufferPointer { output in
      stream.next_in = input.baseAddress
      stream.avail_in = UInt32(input.count)
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
    }
  }
  return Array(output.prefix(Int(stream.total_out)))
}

let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Fixtures/vendor")
