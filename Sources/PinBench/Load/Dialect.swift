import PinBytes
import PinProtocol
import PinWords

/// How a server is spoken to: sessions opened, requests written, answers found and read. For one thread.
///
/// The load is generic over it, so that every server is driven by the same code at the same cost.
protocol Dialect: AnyObject {
  /// Opens a session on a connection that still waits.
  func open(on transport: Transport) throws(BenchmarkError)
  /// Appends a request.
  func append(_ request: Request, to outgoing: inout SocketBuffer)
  /// How long the first answer is; nil if it is not there to its end.
  func answerByteCount(_ bytes: RawSpan) throws(BenchmarkError) -> Int?
  /// Reads a whole answer to a step, and hands on the number of each card in it: nil for one whose PIN is not its own.
  func read(_ answer: RawSpan, of step: Step, card: (Int?) -> Void) throws(BenchmarkError) -> AnswerHead
}

/// One request, of whatever dialect.
struct Request {
  var step: Step
  var id: RequestID
  /// The place of its product in the plan's.
  var product: Int
  /// What a dialect may number its requests with.
  var number: UInt32
}

/// What an answer says besides its cards.
struct AnswerHead {
  /// A `Status`, or what comes nearest to it in another dialect.
  var status: UInt8
  /// Whether it says that it repeats an answer given before.
  var isRepeat = false

  static let done = AnswerHead(status: Status.done.rawValue)
}

/// One request of an operation.
enum Step: Sendable {
  case vend, vendAgain, reserve, cart, dispense, release, lookUp, reprint

  /// Whether its answer hands out cards that none of its operation's answers handed out before.
  var isFirstDelivery: Bool { self == .vend || self == .dispense }
  /// Whether its answer tells cards that were handed out before.
  var isRepeat: Bool { self == .vendAgain || self == .reprint }
}
