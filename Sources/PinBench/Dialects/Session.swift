import PinBytes
import PinProtocol
import PinSealing

/// Opens a session on a connection that still waits, and is done with.
struct Session: ~Copyable {
  private let transport: Transport
  private var received = SocketBuffer(capacity: 4 << 10)

  static func open(on transport: Transport, actorName: String, key: SecretKey) throws(BenchmarkError) {
    var generator = SystemRandomNumberGenerator()
    var session = Session(transport: transport)
    let hello = Hello(actorName: actorName, nonce: Bytes32.random(using: &generator))
    let helloFrame = try session.send(.hello(hello))
    let answerFrame = try session.receive()
    let digest = SHA256Hasher.sha256(
      of: AuthenticationTranscript.helloBytes(request: helloFrame.span.bytes, answer: answerFrame.span.bytes).span.bytes
    )
    let certificate = try transport.channelBinding()
    let binding = certificate.isEmpty ? .zero : bytes32(SHA256Hasher.sha256(of: certificate.span.bytes))
    let transcript = AuthenticationTranscript(helloDigest: bytes32(digest), channelBinding: binding)
    let proof = hmacSHA256(under: key, transcript.bytes(signedBy: .client))
    _ = try session.send(.authenticate(Authenticate(proof: bytes32(proof))))
    _ = try session.receive()
  }

  private static func bytes32(_ digest: Digest256) -> Bytes32 {
    guard let bytes = Bytes32(digest.bytes) else { preconditionFailure("a digest has 32 bytes") }
    return bytes
  }

  private func send(_ message: RequestMessage) throws(BenchmarkError) -> [UInt8] {
    var writer = ByteWriter(capacity: 256)
    do throws(ProtocolFault) { try message.encode(requestNumber: 0, into: &writer) } catch {
      throw BenchmarkError("\(error)")
    }
    let frame = Array(writer.bytes)
    var sent = 0
    while sent < frame.count { sent += try transport.send(frame.span.bytes.extracting(sent...)) }
    return frame
  }

  /// The next whole frame; a refusal is an error.
  private mutating func receive() throws(BenchmarkError) -> [UInt8] {
    while true {
      var frame: [UInt8]?
      _ = try received.drain { (bytes) throws(BenchmarkError) in
        frame = try Self.firstFrame(bytes)
        return frame?.count ?? 0
      }
      if let frame { return frame }
      try received.fill(atLeast: 4 << 10) { (room) throws(BenchmarkError) in try transport.receive(into: room) }
    }
  }

  private static func firstFrame(_ bytes: RawSpan) throws(BenchmarkError) -> [UInt8]? {
    guard bytes.byteCount >= FrameHeader.byteCount else { return nil }
    let header: FrameHeader
    do throws(ProtocolFault) { header = try FrameHeader(answerIn: bytes, limit: 64 << 10) } catch {
      throw BenchmarkError("the server does not speak this protocol: \(error)")
    }
    guard bytes.byteCount >= Int(header.length) else { return nil }
    guard header.status == .done else { throw BenchmarkError("the server opened no session: \(header.status)") }
    return Array(bytes.extracting(0..<Int(header.length)))
  }
}
