import PinBytes
import PinProtocol
import PinWords
import Testing

@Suite("A header is checked before a byte of the body is kept")
struct FrameHeaderTests {
  static let ping: [UInt8] = [0, 0, 0, 12, 1, 3, 0, 0, 0xDE, 0xAD, 0xBE, 0xEF]

  /// Bytes put into a good header at an offset, and what is wrong then.
  static let wrongs: [(offset: Int, bytes: [UInt8], fault: ProtocolFault)] = [
    (0, [0, 0, 0, 11], .malformedFrame),
    (0, [0, 0, 0, 0], .malformedFrame),
    (0, [0, 1, 0, 1], .frameTooLong(limit: 65_536)),
    (0, [255, 255, 255, 255], .frameTooLong(limit: 65_536)),
    (4, [0], .unsupportedVersion),
    (4, [2], .unsupportedVersion),
    (6, [16], .malformedFrame),
    (7, [1], .malformedFrame),
    (7, [2], .malformedFrame),
  ]

  @Test("What is wrong with a request's header", arguments: wrongs)
  func badRequests(offset: Int, bytes: [UInt8], fault: ProtocolFault) {
    var header = Self.ping
    header.replaceSubrange(offset..<offset + bytes.count, with: bytes)
    #expect(throws: fault) { try FrameHeader(requestIn: header.span.bytes, limit: 65_536) }
  }

  @Test("Fewer than 12 bytes are no header", arguments: 0..<12)
  func short(count: Int) {
    let bytes = Array(Self.ping.prefix(count))
    #expect(throws: ProtocolFault.malformedFrame) { try FrameHeader(requestIn: bytes.span.bytes, limit: 65_536) }
  }

  @Test("The length is wrong before the version, and the version before the flags")
  func order() {
    let bytes: [UInt8] = [0, 2, 0, 0, 9, 0, 1, 1, 0, 0, 0, 0]
    #expect(throws: ProtocolFault.frameTooLong(limit: 65_536)) {
      try FrameHeader(requestIn: bytes.span.bytes, limit: 65_536)
    }
    #expect(throws: ProtocolFault.unsupportedVersion) {
      try FrameHeader(requestIn: bytes.span.bytes, limit: .max)
    }
  }

  @Test("A good header reads as it is, and an unknown operation is known as such")
  func good() throws {
    let header = try FrameHeader(requestIn: Self.ping.span.bytes, limit: 12)
    #expect(header == FrameHeader(length: 12, operationNumber: 3, requestNumber: 0xDEAD_BEEF))
    #expect(header.bodyByteCount == 0)
    #expect(try header.operation() == .ping)
    for number in UInt8.min...(.max) where Operation(rawValue: number) == nil {
      let unknown = FrameHeader(length: 12, operationNumber: number, requestNumber: 1)
      #expect(throws: ProtocolFault.unknownOperation(number)) { try unknown.operation() }
    }
  }

  @Test("An answer's header has a known status, and no flag but repeat")
  func answers() throws {
    let repeated: [UInt8] = [0, 0, 0, 48, 1, 17, 40, 1, 0, 0, 0, 5]
    let header = try FrameHeader(answerIn: repeated.span.bytes, limit: 48)
    #expect(header.status == .insufficientStock && header.isRepeat)
    for (offset, value) in [(6, UInt8(7)), (6, 255), (7, 2), (7, 3), (7, 128)] {
      var bytes = repeated
      bytes[offset] = value
      #expect(throws: ProtocolFault.malformedFrame) { try FrameHeader(answerIn: bytes.span.bytes, limit: 48) }
    }
  }

  @Test("A fault's status says whether the connection closes")
  func closing() {
    for status in Status.allCases { #expect(status.closesConnection == (1...6).contains(status.rawValue)) }
    #expect(!ProtocolFault.invalid(.count).closesConnection)
    #expect(ProtocolFault.unknownOperation(9).closesConnection)
  }

  @Test("What is longer than the limit is not written")
  func tooLong() throws {
    var limits = Limits()
    limits.frameBytes = 67
    var writer = ByteWriter()
    writer.write(UInt8(7))
    let vend = RequestMessage.vend(Vend(id: Samples.vend, line: Samples.soldLine))
    #expect(throws: ProtocolFault.frameTooLong(limit: 67)) {
      try vend.encode(requestNumber: 1, into: &writer, limits: limits)
    }
    #expect(Array(writer.bytes) == [7])
    limits.frameBytes = 68
    try vend.encode(requestNumber: 1, into: &writer, limits: limits)
    #expect(writer.count == 69)
  }
}
