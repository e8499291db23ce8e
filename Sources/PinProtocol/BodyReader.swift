import PinBytes
import PinWords

/// Reads the fields of a body, and turns what is wrong with them into the fault that names the field.
struct BodyReader: ~Escapable {
  private var reader: ByteReader

  @_lifetime(copy body)
  init(_ body: RawSpan) { reader = ByteReader(body) }

  @_lifetime(self: copy self)
  mutating func integer<Value: FixedWidthInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self
  ) throws(ProtocolFault) -> Value {
    do throws(ByteShortage) { return try reader.read(type) } catch { throw .invalid(.frame) }
  }

  /// Bytes where they are, without copying them.
  @_lifetime(copy self)
  mutating func bytes(_ count: Int) throws(ProtocolFault) -> RawSpan {
    do throws(ByteShortage) { return try reader.readBytes(count) } catch { throw .invalid(.frame) }
  }

  /// Checks that the next `count` bytes are zero.
  @_lifetime(self: copy self)
  mutating func reserved(_ count: Int) throws(ProtocolFault) {
    for _ in 0..<count {
      guard try integer(UInt8.self) == 0 else { throw .invalid(.reserved) }
    }
  }

  /// Text whose length was read before.
  @_lifetime(self: copy self)
  mutating func text(_ count: some BinaryInteger, _ field: Field) throws(ProtocolFault) -> String {
    guard let text = String(validating: try bytes(Int(count))) else { throw .invalid(field) }
    return text
  }

  /// An enum's raw value; one it does not have is the field's fault.
  @_lifetime(self: copy self)
  mutating func choice<Choice: RawRepresentable>(
    _ type: Choice.Type = Choice.self, _ field: Field
  ) throws(ProtocolFault) -> Choice where Choice.RawValue == UInt8 {
    guard let choice = Choice(rawValue: try integer(UInt8.self)) else { throw .invalid(field) }
    return choice
  }

  @_lifetime(self: copy self)
  mutating func identity<ID: Identity>(
    _ type: ID.Type = ID.self
  ) throws(ProtocolFault) -> ID where ID.RawValue: BitwiseCopyable {
    ID(rawValue: try integer(ID.RawValue.self))
  }

  /// A byte that is 0 or 1.
  @_lifetime(self: copy self)
  mutating func flag() throws(ProtocolFault) -> Bool {
    let byte = try integer(UInt8.self)
    guard byte <= 1 else { throw .invalid(.reserved) }
    return byte == 1
  }

  @_lifetime(self: copy self)
  mutating func requestID() throws(ProtocolFault) -> RequestID {
    RequestID(high: try integer(), low: try integer())
  }

  @_lifetime(self: copy self)
  mutating func bytes32() throws(ProtocolFault) -> Bytes32 {
    Bytes32(words: (try integer(), try integer(), try integer(), try integer()))
  }

  @_lifetime(self: copy self)
  mutating func day() throws(ProtocolFault) -> Day { Day(daysSince1970: try integer()) }

  @_lifetime(self: copy self)
  mutating func currency() throws(ProtocolFault) -> Currency {
    guard let currency = Currency(code: try integer()) else { throw .invalid(.currency) }
    return currency
  }

  /// Checks that nothing is left.
  func finish() throws(ProtocolFault) {
    guard reader.remaining == 0 else { throw .invalid(.frame) }
  }
}

extension ByteWriter {
  mutating func write(_ id: RequestID) {
    write(id.high)
    write(id.low)
  }

  mutating func write(_ bytes: Bytes32) {
    write(bytes.words.0)
    write(bytes.words.1)
    write(bytes.words.2)
    write(bytes.words.3)
  }

  /// The text's UTF-8 as it is; its length stands in the fixed part.
  mutating func write(text: String) { write(text.utf8Span.span.bytes) }

  mutating func write(_ flag: Bool) { write(UInt8(flag ? 1 : 0)) }
}

extension String {
  /// How many bytes the text takes, where one byte tells it.
  ///
  /// Requests are checked before they are written, and what a server tells was checked when it came in.
  var shortByteCount: UInt8 {
    precondition(utf8.count <= 255, "a text of the protocol has at most 255 bytes")
    return UInt8(utf8.count)
  }

  /// Checks the length in bytes, and that there are no control characters but, where allowed, line feeds.
  func check(_ byteCounts: ClosedRange<Int>, _ field: Field, allowsLineFeeds: Bool = false) throws(ProtocolFault) {
    guard byteCounts.contains(utf8.count) else { throw .invalid(field) }
    for byte in utf8 {
      guard byte >= 0x20 && byte != 0x7F || byte == 0x0A && allowsLineFeeds else { throw .invalid(field) }
    }
  }
}

/// Throws the field's fault unless the condition holds.
@inline(__always)
func require(_ condition: Bool, _ field: Field) throws(ProtocolFault) {
  guard condition else { throw .invalid(field) }
}
