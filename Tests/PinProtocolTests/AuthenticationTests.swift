import PinBytes
import PinProtocol
import Testing

@Suite("Both sides prove themselves")
struct AuthenticationTests {
  let dumps = Document.shared.dumps

  private func transcript() throws -> AuthenticationTranscript {
    let request = try #require(dumps["hello-request"])
    let answer = try #require(dumps["hello-answer"])
    let bytes = AuthenticationTranscript.helloBytes(request: request.span.bytes, answer: answer.span.bytes)
    return AuthenticationTranscript(helloDigest: try #require(Bytes32(SHA256Reference.hash(bytes))))
  }

  @Test("The reference is SHA-256 and HMAC-SHA-256")
  func reference() {
    #expect(
      SHA256Reference.hash(Array("abc".utf8))
        == [UInt8](hexadecimal: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
    // RFC 4231, test case 2.
    #expect(
      SHA256Reference.authenticate(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
        == [UInt8](hexadecimal: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
  }

  @Test("The worked example comes out as the document says", arguments: AuthenticationTranscript.Side.allCases)
  func workedExample(side: AuthenticationTranscript.Side) throws {
    let signed = try transcript().bytes(signedBy: side)
    #expect(signed.count == 81)
    #expect(signed == dumps["\(side)-transcript"])
    #expect(dumps["actor-key"] == Samples.key.bytes)
    #expect(SHA256Reference.authenticate(signed, key: Samples.key.bytes) == dumps["\(side)-proof"])
  }

  @Test("The two sides never sign the same bytes, nor under another channel")
  func different() throws {
    var transcript = try transcript()
    let inClear = transcript.bytes(signedBy: .client)
    #expect(inClear != transcript.bytes(signedBy: .server))
    transcript.channelBinding = Samples.run(from: 1)
    #expect(transcript.bytes(signedBy: .client) != inClear)
  }

  @Test("32 bytes are 32 bytes, and do not print")
  func bytes32() {
    #expect(Bytes32([1]) == nil)
    let bytes: [UInt8] = (0..<32).map { $0 * 7 }
    #expect(Bytes32(bytes)?.bytes == bytes)
    #expect("\(Samples.key) \(String(reflecting: Samples.key))" == "32 bytes (hidden) 32 bytes (hidden)")
  }
}
