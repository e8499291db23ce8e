import PinBytes
import PinProtocol
import PinWords
import TestSupport
import Testing

/// What must hold of bytes that are nearly right, tried on every dump of the document.
@Suite("Bytes that are not exactly right are refused, and never crash")
struct MutationTests {
  static let names = Document.shared.dumps.keys.filter { $0.hasSuffix("-request") || $0.hasSuffix("-answer") }.sorted()

  /// Decodes a frame and encodes what came out.
  private func recode(_ frame: [UInt8], isRequest: Bool) throws(ProtocolFault) -> [UInt8] {
    var writer = ByteWriter()
    if isRequest {
      let (header, message) = try decodeRequest(frame)
      try message.encode(requestNumber: header.requestNumber, into: &writer)
    } else {
      let (header, message) = try decodeAnswer(frame)
      try message.encode(
        operationNumber: header.operationNumber, requestNumber: header.requestNumber, into: &writer)
    }
    return Array(writer.bytes)
  }

  private func withLength(_ frame: [UInt8]) -> [UInt8] {
    var writer = ByteWriter()
    writer.write(UInt32(frame.count))
    return Array(writer.bytes) + frame.dropFirst(4)
  }

  @Test("Cut short or drawn out at any place, a body is a fault", arguments: names)
  func lengths(name: String) throws {
    let frame = try #require(Document.shared.dumps[name])
    let isRequest = name.hasSuffix("-request")
    for count in FrameHeader.byteCount..<frame.count {
      #expect(throws: ProtocolFault.self, "\(name) cut to \(count)") {
        _ = try recode(withLength(Array(frame[..<count])), isRequest: isRequest)
      }
    }
    #expect(throws: ProtocolFault.invalid(.frame)) {
      _ = try recode(withLength(frame + [0]), isRequest: isRequest)
    }
  }

  @Test("A reserved byte that is set is a fault", arguments: names)
  func reserved(name: String) throws {
    let frame = try #require(Document.shared.dumps[name])
    for index in Document.shared.reserved[name] ?? [] {
      for value: UInt8 in [1, 0x80] {
        var changed = frame
        changed[index] = value
        #expect(throws: ProtocolFault.invalid(.reserved), "\(name) at \(index)") {
          _ = try recode(changed, isRequest: name.hasSuffix("-request"))
        }
      }
    }
  }

  @Test("The document shows reserved bytes to try this on")
  func someAreReserved() {
    #expect(Document.shared.reserved.values.reduce(0) { $0 + $1.count } > 100)
  }

  @Test("Whatever one byte becomes, it is a fault or reads back as the very same bytes", arguments: names)
  func oneByte(name: String) throws {
    let frame = try #require(Document.shared.dumps[name])
    let isRequest = name.hasSuffix("-request")
    for index in frame.indices {
      for value in [0, 255, frame[index] &+ 1] + (0..<8).map({ frame[index] ^ 1 << $0 }) {
        var changed = frame
        changed[index] = value
        do throws(ProtocolFault) {
          let recoded = try recode(changed, isRequest: isRequest)
          guard recoded != changed else { continue }
          // Some refusals have a time to try again of their own, which the server may set otherwise.
          let isRetryTime = !isRequest && changed[6] >= 64 && recoded[..<44] == changed[..<44]
          #expect(isRetryTime, "\(name) at \(index): \(value)")
        } catch {
          #expect(error.status != .done)
        }
      }
    }
  }

  @Test("Noise is a fault or reads back as the very same bytes", arguments: Operation.allCases)
  func noise(operation: Operation) {
    var random = SeededGenerator.forTests()
    for _ in 0..<300 {
      var frame: [UInt8] = [0, 0, 0, 0, 1, operation.rawValue, 0, 0, 0, 0, 0, 1]
      frame += (0..<Int.random(in: 0...120, using: &random)).map { _ in
        Bool.random(using: &random) ? 0 : UInt8.random(in: 0...255, using: &random)
      }
      for isRequest in [true, false] {
        if let recoded = try? recode(withLength(frame), isRequest: isRequest) {
          #expect(recoded == withLength(frame))
        }
      }
    }
  }
}
