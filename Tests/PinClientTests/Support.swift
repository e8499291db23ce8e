import Glibc
import PinClient
import PinProtocol
import PinSealing
import PinWords

/// The key that the tests' actor and server share.
let testKey = SecretKey(bytes: [UInt8](repeating: 7, count: 32).span.bytes)

/// What a server answers when nothing is wrong, with something of the request in it to know it by.
@Sendable func usualOutcome(_ message: RequestMessage) -> AnswerMessage.Outcome {
  switch message {
  case .vend(let vend): .done(.delivery(delivery(of: vend.id)))
  case .dispense(let id): .done(.delivery(delivery(of: id)))
  case .reprint(let reprint): .done(.delivery(delivery(of: reprint.reservation)))
  case .confirm, .extend, .release: .done(.standing(Standing(state: .confirmed)))
  case .reverse: .done(.standing(Standing(state: .reversed)))
  case .loadCards(let chunk): .done(.loaded(LoadCardsAnswer(accepted: UInt16(chunk.cards.count))))
  case .verify, .backup, .statistics: .done(.report(Report(text: "{}")))
  case .lookUp(let id): .done(.found(.change(.vend, timeMilliseconds: id.low)))
  case .ping, .abandonPurchase, .freeze, .thaw: .done(.nothing)
  default: .refused(.unknownID)
  }
}

func delivery(of id: RequestID) -> Delivery {
  let line = DeliveryLine(
    granted: GrantedLine(
      line: Line(product: ProductID(1), count: 1), unitPriceMinor: 950, currency: Currency("EUR")!),
    faceValueMinor: 1000, name: "Ten", instructions: "Dial it.")
  return Delivery(
    head: DeliveryHead(
      reservation: id, state: .delivered, dispensedAtMilliseconds: 1_000, firstIndex: 0, nextIndex: 1, total: 1,
      printCount: 0), lines: [line],
    cards: [
      Delivery.Card(
        id: CardID(id.low), line: 0, expiry: .never, serial: "S\(id.low)", pin: PIN("4711\(id.low)"))
    ])
}

func vend(_ number: UInt64) -> Vend {
  Vend(id: RequestID(high: 9, low: number), line: Line(product: ProductID(1), count: 1))
}

/// A client of this server with quick back-offs; the time limit is long, as nothing but a failing test reaches it.
func client(
  of server: ScriptedServer, key: SecretKey = testKey, tls: PinClient.TLS = .automatic,
  timeLimit: Duration = .seconds(600), maximumInFlight: Int = .max, silenceLimit: Duration = .seconds(600)
) -> PinClient {
  PinClient(
    PinClient.Configuration(
      host: "127.0.0.1", port: server.port, actorName: "till-7", credential: .key(ActorKey(key)), tls: tls,
      timeLimit: timeLimit, backOff: PinClient.BackOff(first: .milliseconds(1), longest: .milliseconds(5)),
      maximumInFlight: maximumInFlight, silenceLimit: silenceLimit))
}

/// The error that this throws, or nil.
func failure<Value>(of body: () async throws(ClientError) -> Value) async -> ClientError? {
  do throws(ClientError) {
    _ = try await body()
    return nil
  } catch {
    return error
  }
}

/// Where a test's files go: `TMPDIR`, or `/tmp`.
var temporaryDirectory: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }
