import PinBytes
import PinProtocol
import PinWords
import Testing

@Suite("protocol.md and the codec say the same")
struct DocumentTests {
  let document = Document.shared

  @Test("Every dump's offsets are right, and every dump is one that is checked")
  func dumpsAreWhole() {
    #expect(document.faults.isEmpty)
    let known =
      Samples.requests.map { $0.name + "-request" } + Samples.answers.map { $0.name + "-answer" }
      + ["actor-key", "client-transcript", "client-proof", "server-transcript", "server-proof"]
    #expect(Set(document.dumps.keys) == Set(known))
  }

  @Test("Every operation has a dump of its request and of its answer")
  func everyOperation() {
    #expect(Set(Samples.requests.map(\.message.operation)) == Set(Operation.allCases))
    #expect(Set(Samples.answers.map(\.operation)) == Set(Operation.allCases))
  }

  @Test("Requests are written as the document shows them, and read back", arguments: Samples.requests.indices)
  func requests(index: Int) throws {
    let sample = Samples.requests[index]
    var writer = ByteWriter()
    try sample.message.encode(requestNumber: sample.number, into: &writer)
    let dump = document.dumps[sample.name + "-request"]
    #expect(Array(writer.bytes) == dump, "\(sample.name) is written as\n\(Document.dumpLines(Array(writer.bytes)))")
    let (header, message) = try decodeRequest(dump ?? [])
    #expect(header.requestNumber == sample.number)
    #expect(message == sample.message)
  }

  @Test("Answers are written as the document shows them, and read back", arguments: Samples.answers.indices)
  func answers(index: Int) throws {
    let sample = Samples.answers[index]
    var writer = ByteWriter()
    try sample.message.encode(
      operationNumber: sample.operation.rawValue, requestNumber: sample.number, into: &writer)
    let dump = document.dumps[sample.name + "-answer"]
    #expect(Array(writer.bytes) == dump, "\(sample.name) is written as\n\(Document.dumpLines(Array(writer.bytes)))")
    let (header, message) = try decodeAnswer(dump ?? [])
    #expect(header.requestNumber == sample.number)
    #expect(message == sample.message)
  }

  @Test("Every number stands in its table", arguments: Operation.allCases)
  func operations(operation: Operation) {
    #expect(document.hasRow(operation.rawValue, "\(operation)", under: "## Operations"))
  }

  @Test("Every status stands in its table", arguments: Status.allCases)
  func statuses(status: Status) {
    #expect(document.hasRow(status.rawValue, "\(status)", under: "### Statuses"))
    let kind =
      switch status.disposition {
      case .done: "done"
      case .clientFault: "fault"
      case .final: "final"
      case .retry: "retry"
      }
    let isTold = document.text.contains("| \(status.rawValue) | `\(status)` | \(kind) |")
    #expect(isTold)
  }

  @Test("Every field stands in its table", arguments: Field.allCases)
  func fields(field: Field) {
    #expect(document.hasRow(field.rawValue, field.description, under: "### Fields"))
  }

  @Test("Every other enum's numbers stand in their tables")
  func numbers() {
    for state in ReservationState.allCases {
      #expect(document.hasRow(state.rawValue, "\(state)", under: "### Reservation states"))
    }
    for condition in Condition.allCases {
      #expect(document.hasRow(condition.rawValue, "\(condition)", under: "### Conditions"))
    }
    for tender in Tender.allCases { #expect(document.hasRow(tender.rawValue, "\(tender)", under: "### Tenders")) }
    for kind in CustodyKind.allCases { #expect(document.hasRow(kind.rawValue, "\(kind)", under: "### Custody")) }
    for limit in ActorLimit.allCases {
      #expect(document.hasRow(limit.rawValue, "\(limit)", under: "### Limits of an actor"))
    }
    for reason in LoadRefusal.Reason.allCases {
      #expect(document.hasRow(reason.rawValue, "\(reason)", under: "### Load refusals"))
    }
    for (name, role) in Roles.named {
      #expect(document.hasRow(role.rawValue.trailingZeroBitCount, name, under: "### Roles"))
    }
  }

  @Test("Who may ask for an operation is told", arguments: Operation.allCases)
  func roles(operation: Operation) throws {
    let row = try #require(document.text.split(separator: "\n").first { $0.contains("| `\(operation)` | ") })
    let told = row.split(separator: "|")[3].split(separator: ",").map { word in
      word.split(separator: " ").joined(separator: "-")
    }
    if told == ["all"] {
      #expect(operation.allowedRoles == .all)
    } else {
      #expect(Set(told) == Set(operation.allowedRoles.names))
    }
  }

  @Test("The usual limits are the default ones")
  func limits() {
    let limits = Limits()
    for (name, value) in [
      ("frame bytes", UInt64(limits.frameBytes)), ("cards per line", UInt64(limits.cardsPerLine)),
      ("longest hold seconds", UInt64(limits.longestHoldSeconds)), ("reversal seconds", UInt64(limits.reversalSeconds)),
      ("cards per answer", UInt64(limits.cardsPerAnswer)), ("lines per request", UInt64(limits.linesPerRequest)),
      ("extents per request", UInt64(limits.extentsPerRequest)), ("lots per purchase", UInt64(limits.lotsPerPurchase)),
      ("cards per chunk", UInt64(limits.cardsPerChunk)), ("requests in flight", UInt64(limits.requestsInFlight)),
      ("remembered days", UInt64(limits.rememberedDays)),
    ] {
      let isTold = document.text.contains("| \(name) | \(grouped(value)) |")
      #expect(isTold, "\(name)")
    }
  }

  private func grouped(_ value: UInt64) -> String {
    value < 1000 ? "\(value)" : grouped(value / 1000) + "," + String("\(1000 + value % 1000)".dropFirst())
  }
}
