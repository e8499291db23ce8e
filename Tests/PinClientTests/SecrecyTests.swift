import Glibc
import PinClient
import PinProtocol
import PinSealing
import PinWords
import Testing

/// Nothing secret is in what is printed, dumped or thrown.
@Suite struct SecrecyTests {
  @Test("a key shows in no description of anything that holds it")
  func keys() {
    let key = ActorKey(Bytes32([UInt8](repeating: 0xAB, count: 32))!)
    let configuration = PinClient.Configuration(host: "vault.example", actorName: "till-7", key: key)
    var dumped = ""
    dump(configuration, to: &dumped)
    for text in [dumped, "\(configuration)", String(reflecting: configuration), "\(key)", String(reflecting: key)] {
      #expect(!text.contains("abab") && !text.contains("171, 171"))
    }
  }

  @Test("a PIN shows in no answer's description")
  func pins() {
    let answered = Answered(
      value: delivery(of: RequestID(high: 1, low: 2)), sequence: 1, timeMilliseconds: 1, isRepeat: false)
    var dumped = ""
    dump(answered, to: &dumped)
    for text in [dumped, "\(answered)", String(reflecting: answered)] { #expect(!text.contains("4711")) }
  }

  @Test("a key file goes out and in again, with nobody else to read it")
  func keyFile() throws {
    let path = "\(temporaryDirectory)/pinclient-key-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    defer { unlink(path) }
    let bytes = Bytes32([UInt8](0..<32))!
    try ActorKey(bytes).write(toNewFile: path)
    let read = try ActorKey(contentsOfFile: path)
    read.secret.withBytes { (span: RawSpan) in
      #expect(Array(0..<32).allSatisfy { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == UInt8($0) })
    }
    #expect(throws: ActorKeyError.self) { try ActorKey(bytes).write(toNewFile: path) }
    chmod(path, 0o644)
    let error = #expect(throws: ActorKeyError.self) { try ActorKey(contentsOfFile: path) }
    #expect(error?.description.contains("0644") == true)
    #expect(error?.description.contains("0001") == false)
  }

  @Test("an unknown outcome says how to ask")
  func howToAsk() {
    let id = RequestID(high: 1, low: 2)
    let error = ClientError.unknownOutcome(UnsettledChange(operation: .vend, key: .id(id)))
    #expect("\(error)".contains("\(id)"))
    #expect("\(error)".contains("look up"))
  }
}
