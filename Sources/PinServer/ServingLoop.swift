import Glibc
import Logging
import NIOCore
import PinBytes
import PinEngine
import PinProtocol
import PinSealing
import PinStore
import PinWords

/// Which request of which connection an answer is for.
struct Ticket {
  let connection: Int
  let slot: UInt32

  init(connection: Int, slot: UInt32) {
    self.connection = connection
    self.slot = slot
  }

  init(number: UInt64) {
    connection = Int(number >> 32)
    slot = UInt32(truncatingIfNeeded: number)
  }

  var number: UInt64 { UInt64(connection) << 32 | UInt64(slot) }
}

/// All that one event loop serves: its connections, the reader that opens their PINs, the buffer answers are made in.
///
/// Requests of all its connections that came in one turn of the loop cross to the writer in one call, and a batch's
/// answers come back as one task.
///
/// `@unchecked Sendable`: everything that changes is touched on the event loop's thread alone, which each way in
/// checks; the rest is constant.
final class ServingLoop: PollHandler, @unchecked Sendable {
  let poll: PollLoop
  let engine: Engine
  let configuration: ServerConfiguration
  let limits: Limits
  let transport: TransportContext?
  let meter: Meter
  let rates: RequestRates
  let failedProofs: FailedProofs
  let logger: Logger
  let logsRequests: Bool
  /// What the proofs for unknown names are compared with.
  let nobodysKey = SecretKey.random()
  private let clock: any StoreClock
  private let number: Int

  var counters = LoopCounters()
  var waitingPolls = 0
  /// Asides under way, also of connections that are gone.
  var asides = 0
  var isStopping = false
  var strangers = Strangers()
  var logGate = LogGate()

  private(set) var connections: [Connection?] = []
  private var freeIndexes: [Int] = []
  private var gathered: [Submission] = []
  private var handedOver: [Submission] = []
  private var touched: [Connection] = []
  /// Batches of answers that have come from the writer and are not all handed on, the oldest first.
  private var arrived: [AnswerBatch] = []
  private var sink: AnswerSink?
  private var reader: CardReader
  private var writer: ByteWriter?
  private var catalogue: Catalogue
  var sweeping: PollTimer?
  /// Called once, when the last connection is closed and when the last aside has ended.
  var whenEmpty: (() -> Void)?
  var whenAsidesEnded: (() -> Void)?

  init(
    number: Int, poll: PollLoop, engine: Engine, configuration: ServerConfiguration, limits: Limits,
    transport: TransportContext?, clock: any StoreClock, meter: Meter, rates: RequestRates,
    failedProofs: FailedProofs, logger: Logger
  ) throws {
    self.number = number
    self.poll = poll
    self.engine = engine
    self.configuration = configuration
    self.limits = limits
    self.transport = transport
    self.clock = clock
    self.meter = meter
    self.rates = rates
    self.failedProofs = failedProofs
    self.logger = logger
    logsRequests = logger.logLevel <= .debug
    reader = try engine.makeCardReader()
    writer = ByteWriter(capacity: 4096)
    catalogue = engine.catalogue
    sink = AnswerSink { [unowned self] answers in
      if self.poll.isCurrent { return self.deliver(answers, atOnce: answers.count) }
      self.poll.execute { self.deliver(answers, atOnce: Self.answersPerTurn) }
    }
    poll.endTurn = { [unowned self] in endTurn() }
  }

  // MARK: Connections

  /// Serves a new connection, or closes it if there are too many.
  func accept(_ descriptor: CInt) {
    poll.preconditionIsCurrent()
    counters.connectionsAccepted += 1
    guard !isStopping, meter.takePlace(of: configuration.maximumConnections) else {
      counters.connectionsTurnedAway += 1
      if !isStopping { logOfStrangers(.tooManyConnections, .warning, ["limit": "\(configuration.maximumConnections)"]) }
      close(descriptor)
      return
    }
    counters.connectionsOpen += 1
    let index = freeIndexes.popLast() ?? connections.count
    let connection = Connection(
      loop: self, index: index, name: "\(number)-\(counters.connectionsAccepted)", descriptor: descriptor,
      transport: transport)
    if index == connections.count { connections.append(connection) } else { connections[index] = connection }
    startSweeping()
    strangers.add(connection)
    makeRoomForStrangers()
    connection.open()
  }

  /// Of too many strangers, the oldest go.
  private func makeRoomForStrangers() {
    // Strangers never take more than a part of all places, also where the system has few.
    let limit = max(1, min(configuration.maximumStrangers, configuration.maximumConnections / 4))
    if let oldest = strangers.oldest(beyond: limit) {
      counters.connectionsTurnedAway += 1
      logOfStrangers(.tooManyStrangers, .warning, ["connection": "\(oldest.name)", "limit": "\(limit)"])
      oldest.closeNow()
    }
  }

  /// A connection is gone; its index is free once nothing is under way to it.
  func closed(_ connection: Connection) {
    counters.connectionsOpen -= 1
    meter.givePlace()
    if connection.actor != nil { counters.sessionsOpen -= 1 } else { strangers.left() }
    release(connection)
    if counters.connectionsOpen == 0 { whenEmpty.take()?() }
  }

  private func release(_ connection: Connection) {
    guard !connection.isOpen, connection.awaitedCount == 0, connections[connection.index] === connection else { return }
    connections[connection.index] = nil
    freeIndexes.append(connection.index)
  }

  // MARK: To the writer

  /// Keeps a command until the end of this turn of the loop, when all that came in it are handed over at once.
  func gather(_ command: Command, as actor: SessionActor, ticket: Ticket) {
    guard let sink else { return }
    gathered.append(
      Submission(
        actor: actor.id, keyNumber: actor.keyNumber, command: command, ticket: ticket.number, sink: sink))
  }

  /// Has the connection settled at the end of this turn.
  func touch(_ connection: Connection) {
    if !connection.isTouched {
      connection.isTouched = true
      touched.append(connection)
    }
  }

  /// Works on what came in this turn; false if that was nothing.
  private func endTurn() -> Bool {
    if gathered.isEmpty, touched.isEmpty { return false }
    if !gathered.isEmpty {
      // What the answers let in is gathered for the next turn.
      swap(&gathered, &handedOver)
      if handedOver.count <= Self.submissionLimit {
        submit(handedOver)
      } else {
        // In pieces, so that one that is too much does not turn all of it away.
        for start in stride(from: 0, to: handedOver.count, by: Self.submissionLimit) {
          submit(Array(handedOver[start..<min(start + Self.submissionLimit, handedOver.count)]))
        }
      }
      handedOver.removeAll(keepingCapacity: true)
    }
    settleTouched()
    reader.rest()
    return true
  }

  /// The most requests that are handed over in one call.
  private static let submissionLimit = 4096
  /// The most that the loop performs itself, when the writer is idle and no answers wait to be handed on. Of more, the next
  /// are read and decoded meanwhile.
  private static let performedHereLimit = 64
  /// When so many answers of the writer's thread have been handed on in one turn, the rest waits for the next: clients that
  /// have theirs can ask again, and the writer has work, while it is made.
  private static let answersPerTurn = 32

  private func submit(_ submissions: [Submission]) {
    counters.submissions += 1
    let isTaken =
      arrived.isEmpty && submissions.count <= Self.performedHereLimit
      ? engine.performOrSubmit(submissions) : engine.submit(submissions)
    guard !isTaken else { return }
    let refusal: Refusal = engine.failure != nil || isStopping ? .stopping : .busy(retryAfterMilliseconds: 20)
    for submission in submissions {
      take(Ticket(number: submission.ticket), .message(message(.refused(refusal))))
    }
  }

  // MARK: From the writer

  /// A batch's answers: the first are handed on now, and the rest in the next turns.
  private func deliver(_ answers: [Answered], atOnce count: Int) {
    poll.preconditionIsCurrent()
    let goesOn = !arrived.isEmpty
    arrived.append(AnswerBatch(answers))
    if !goesOn { handOn(count) }
  }

  /// Hands answers on, connection by connection, until there are so many.
  private func handOn(_ count: Int) {
    refreshCatalogue()
    var handedOnCount = 0
    while handedOnCount < count, !arrived.isEmpty {
      var batch = arrived.removeFirst()
      while handedOnCount < count, !batch.isEmpty {
        let connection = connection(batch.connection)
        handedOnCount += batch.handOn { slot, answered in
          if awaits(connection) { connection.complete(slot, .answered(answered)) }
        }
        settleTouched()
      }
      if !batch.isEmpty { arrived.insert(batch, at: 0) }
    }
    reader.rest()
    if !arrived.isEmpty { poll.comeAgain(to: self) }
  }

  /// The loop has come again for answers that were left.
  func ready(_ events: UInt32) { handOn(Self.answersPerTurn) }

  /// The answer of something that was not the writer's.
  func deliver(_ ticket: Ticket, _ answer: ReadyAnswer) {
    poll.preconditionIsCurrent()
    refreshCatalogue()
    take(ticket, answer)
    settleTouched()
    reader.rest()
  }

  private func take(_ ticket: Ticket, _ answer: ReadyAnswer) {
    let connection = connection(ticket.connection)
    if awaits(connection) { connection.complete(ticket.slot, answer) }
  }

  private func connection(_ index: Int) -> Connection {
    guard let connection = connections[index] else {
      preconditionFailure("a connection keeps its index while answers are under way to it")
    }
    return connection
  }

  /// Takes note of an answer that has come; false if nobody is there for it any more.
  private func awaits(_ connection: Connection) -> Bool {
    connection.awaitedCount -= 1
    guard connection.isOpen else {
      release(connection)
      return false
    }
    touch(connection)
    return true
  }

  /// Brings to rest what has been touched. Whoever called lets the reader rest then: what comes later may be of a newer state.
  private func settleTouched() {
    var index = 0
    while index < touched.count {
      let connection = touched[index]
      connection.isTouched = false
      connection.settle()
      index += 1
    }
    touched.removeAll(keepingCapacity: true)
  }

  // MARK: Actors

  /// Takes note of the catalogue, if the writer has published another one since: those whom it no longer lets in go.
  func refreshCatalogue() {
    let latest = engine.catalogue
    guard latest !== catalogue else { return }
    catalogue = latest
    closeOutdated()
    refreshRates()
  }

  /// Closes the connections of actors that were revoked, or whose key or certificate ended.
  func closeOutdated() {
    let now = now
    for connection in connections {
      guard let connection, let actor = connection.actor, connection.isOpen, !connection.closesWhenAnswered else {
        continue
      }
      if let known = catalogue.actor(actor.id), known.letsIn(actor, at: now) { continue }
      logger.info(
        "closing: its actor was revoked, or its key or certificate ended",
        metadata: ["connection": "\(connection.name)"])
      // A long poll would still be answered with what comes next.
      connection.aside?.cancel()
      connection.closeWhenAnswered()
    }
  }

  /// Has every connection keep to the rate that its actor has now.
  private func refreshRates() {
    for connection in connections {
      guard let connection, let actor = connection.actor, let known = catalogue.actor(actor.id) else { continue }
      guard actor.rate != nil || known.description.limits.requestsPerSecond > 0 else { continue }
      connection.actor?.rate = rates.rate(of: known.description)
    }
  }

  // MARK: Answers

  /// The store's time: as its stamps, it never goes back.
  var now: UInt64 { max(clock.nowMilliseconds(), engine.head.timeMilliseconds) }

  /// A message with the store's present sequence and time.
  func message(_ outcome: AnswerMessage.Outcome) -> AnswerMessage {
    let head = engine.head
    return AnswerMessage(
      sequence: head.sequence, timeMilliseconds: max(clock.nowMilliseconds(), head.timeMilliseconds), outcome: outcome)
  }

  /// Lends the writer and then what was written in it, which is wiped after that: it may hold PINs and keys.
  func withWriter(_ write: (inout ByteWriter) -> Void, andThen use: (RawSpan) -> Void) {
    guard var writer = writer.take() else { preconditionFailure("one answer is made at a time") }
    write(&writer)
    use(writer.bytes)
    writer.forget()
    self.writer = consume writer
  }

  /// Makes a delivery's answer, opening its cards; lends its bytes and wipes them.
  func open(
    _ delivery: PinEngine.Delivery, _ operation: Operation, requestNumber: UInt32, answered: Answered,
    head: DeliveryHead, andThen use: (RawSpan) -> Void
  ) throws(CardFault) {
    guard let writer = writer.take() else { preconditionFailure("one answer is made at a time") }
    var encoder = DeliveryEncoder(
      operation, requestNumber: requestNumber, isRepeat: answered.isRepeat, sequence: answered.sequence,
      timeMilliseconds: answered.timeMilliseconds, head: head, lines: delivery.lines.map { line(of: $0) },
      limits: limits, into: writer)
    var fault: CardFault?
    do throws(CardFault) {
      try reader.open(delivery) { slice, id, expiry, serial, pin in
        encoder.append(id: id, line: slice.line, expiry: expiry, serial: serial, pin: pin)
      }
    } catch {
      fault = error
    }
    var finished = encoder.finish()
    if fault == nil { use(finished.bytes) }
    finished.forget()
    self.writer = consume finished
    if let fault { throw fault }
  }

  private func line(of granted: GrantedLine) -> DeliveryLine {
    guard let product = catalogue.product(granted.line.product) else {
      preconditionFailure("a product that was sold is in the catalogue")
    }
    return DeliveryLine(
      granted: granted, faceValueMinor: product.faceValueMinor, name: product.name, instructions: product.instructions)
  }

  /// Lets go of what ties it to the engine, when nothing will come from there any more.
  func finish() { sink = nil }
}

extension ByteWriter {
  /// Wipes what was written, and gives back the room of an unusually long answer.
  fileprivate mutating func forget() {
    let isLarge = count > 4096
    wipe()
    if isLarge { self = ByteWriter(capacity: 4096) }
  }
}

extension Catalogue.Actor {
  /// Whether a session of this actor's may go on.
  func letsIn(_ session: SessionActor, at timeMilliseconds: UInt64) -> Bool {
    if description.isRevoked { return false }
    if let endsAt = session.certificateEndsAtMilliseconds { return timeMilliseconds < endsAt }
    return hasKey(session.keyNumber, at: timeMilliseconds)
  }
}
