import PinProtocol
import PinWords
import Testing

@Suite("No message prints what is secret")
struct SecrecyTests {
  private func printed(_ value: some Any) -> String {
    var text = "\(value) \(String(reflecting: value)) "
    dump(value, to: &text)
    return text
  }

  @Test("PINs, in both directions")
  func pins() {
    for sample in Samples.answers { #expect(!printed(sample.message).contains("493221768054"), "\(sample.name)") }
    for sample in Samples.requests { #expect(!printed(sample.message).contains("7001122334"), "\(sample.name)") }
    #expect(printed(Samples.soldDelivery).contains("AC00012345"), "what is not secret is printed")
  }

  @Test("Keys and proofs")
  func keys() {
    let words = Samples.run(from: 0x60).bytes[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let answer = DefineActorAnswer(actor: ActorID(18), key: Samples.run(from: 0x60))
    #expect(!printed(answer).contains("\(words)"))
    #expect(!printed(Authenticate(proof: Samples.run(from: 0x60))).contains("\(words)"))
    #expect(printed(answer).contains("hidden"))
  }

  @Test("What a fault says is a name, never a content")
  func faults() throws {
    var frame = try #require(Document.shared.dumps["vend-answer"])
    // The PIN's first byte becomes one that is not UTF-8.
    frame[FrameHeader.byteCount + 138] = 0xFF
    let fault = #expect(throws: ProtocolFault.invalid(.pin)) { _ = try decodeAnswer(frame) }
    #expect(!printed(fault as Any).contains("9322"))
  }
}
