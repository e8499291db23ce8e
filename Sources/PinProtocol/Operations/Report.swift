import PinBytes
import PinWords

// Request of verify and statistics: nothing. Of backup:
//   0 path length u16 · 2 path
// Answer of verify, backup and statistics:
//   16 length u32 · 20 JSON text in UTF-8

/// Where on the server's own disk a backup goes.
public struct Backup: Hashable, Sendable {
  /// 1 to 1024 bytes of UTF-8; the server says which folders it allows.
  public var path: String
  public init(path: String) { self.path = path }
}

extension Backup: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let length = try reader.integer(UInt16.self)
    self.init(path: try reader.text(length, .path))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(UInt16(path.utf8.count))
    writer.write(text: path)
  }

  func check(_ limits: Limits) throws(ProtocolFault) { try path.check(1...1024, .path) }
}

/// A report in JSON.
public struct Report: Hashable, Sendable {
  public var text: String
  public init(text: String) { self.text = text }
}

extension Report: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let length = try reader.integer(UInt32.self)
    self.init(text: try reader.text(length, .frame))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(UInt32(text.utf8.count))
    writer.write(text: text)
  }
}
