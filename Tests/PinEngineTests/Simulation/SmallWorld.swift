import LMDB
import PinBytes
import PinWords
import ReferenceModel

@testable import PinEngine
@testable import PinStore

/// A store of two or three cards, in which every history of a few steps is gone through, each step beside the model.
///
/// It is the machine alone, on a transaction that is never committed. The way back is to abort it and to replay the events
/// of the way here: so every history also proves that replaying leads to where applying led (law 8).
final class SmallWorld {
  struct Step {
    var name: String
    var afterMilliseconds: UInt64 = 0
    /// Nil: only time goes by.
    var asked: Asked?
  }

  private struct Event {
    var bytes: [UInt8]
    var sequence: UInt64
    var timeMilliseconds: UInt64
  }

  private let database: StateDatabase
  private let steps: [Step]
  private let keeper: Int
  private var machine: Machine?
  private var state: WriteTransaction?
  private var block = Block(nextSequence: 1, largestByteCount: 1 << 20)
  private let sink = AnswerSink { _ in }
  private(set) var stepCount = 0
  private(set) var historyCount = 0

  /// - Parameter simulation: made the world, and has stopped.
  init(_ simulation: Simulation, steps: [Step], keeper: Int) throws {
    self.steps = steps
    self.keeper = keeper
    let settings = StoreSettings.small
    database = try StateDatabase(
      at: simulation.bench.directory + "/state", tables: Machine.tables, mapByteCount: settings.stateMapByteCount,
      readers: 4)
  }

  /// Goes through all histories of so many steps, on the thread that calls it.
  func explore(_ model: Model, atMilliseconds now: UInt64, depth: Int) throws {
    try goBack(to: [])
    try explore(model, now, depth, [], [])
    state.take()?.abort()
    machine = nil
  }

  private func explore(
    _ model: Model, _ now: UInt64, _ depth: Int, _ way: [String], _ events: [Event]
  ) throws {
    for step in steps {
      stepCount += 1
      let later = now + step.afterMilliseconds
      var after = model
      after.sweep(at: later)
      let made = try take(step, &after, later, way)
      // What changed nothing leads nowhere else.
      guard !made.isEmpty || step.asked == nil else { continue }
      historyCount += 1
      try compareAll(&after, later, way + [step.name])
      if depth > 1 { try explore(after, later, depth - 1, way + [step.name], events + made) }
      if !made.isEmpty { try goBack(to: events) }
    }
  }

  // MARK: A step

  private func take(_ step: Step, _ model: inout Model, _ now: UInt64, _ way: [String]) throws -> [Event] {
    block.begin(nextSequence: UInt64(sequence) + 1, timeMilliseconds: now)
    let moment = Moment(timeMilliseconds: now, allowsChanges: true)
    try machine!.sweep(at: moment, limit: .max, into: &block, state: &state!)
    if let asked = step.asked { try ask(asked, &model, moment, way + [step.name]) }
    sequence = Int(block.nextSequence) - 1
    if sequence != model.events {
      throw disagreement(way + [step.name], "the store made \(sequence) events, the model \(model.events)")
    }
    return Self.events(in: block)
  }

  /// Asks the machine and the model.
  private func ask(_ asked: Asked, _ model: inout Model, _ moment: Moment, _ way: [String]) throws {
    let submission = Submission(
      actor: ActorID(UInt32(asked.actor)), command: asked.request.command!, ticket: 0, sink: sink)
    var answers: [Answered] = []
    try machine!.perform([submission], at: moment, into: &block, state: &state!, answers: &answers)
    let answered = answers[0]
    let known = model
    // PINs are opened by readers, beside the machine.
    let outcome = ReferenceModel.Outcome(answered.outcome) { delivery in
      delivery.slices.flatMap { slice in
        slice.extent.cards.map { id in
          let card = known.cards[Int(id.rawValue) - 1]
          return PinWords.Card(
            id: id, product: slice.product, expiry: Day(daysSince1970: card.expiry), serial: card.serial,
            pin: PIN(card.pin))
        }
      }
    }
    let expected = model.answer(asked.request, by: asked.actor, at: moment.timeMilliseconds)
    guard expected.outcome.allows(outcome), expected.isRepeat == answered.isRepeat,
      expected.event == nil || expected.event == Int(answered.sequence)
    else {
      throw disagreement(
        way,
        "the store: \(outcome) repeat: \(answered.isRepeat) event: \(answered.sequence)\nthe model: \(expected)")
    }
  }

  /// Where every card is, and what becomes of every id: one custodian, and the levels are their sum.
  private func compareAll(_ model: inout Model, _ now: UInt64, _ way: [String]) throws {
    let moment = Moment(timeMilliseconds: now, allowsChanges: true)
    var requests = model.cards.indices.map { Request.locate(card: $0 + 1) }
    requests += model.reservationIDs.map { .lookUp($0) }
    requests.append(.stock(product: 0))
    for request in requests { try ask(Asked(actor: keeper, request: request), &model, moment, way + ["\(request)"]) }
  }

  private func disagreement(_ way: [String], _ text: String) -> Disagreement {
    Disagreement(
      step: way.count, kind: "small world", text: Simulation.readable(way.joined(separator: "\n") + "\n" + text))
  }

  // MARK: The way back

  private var sequence = 0

  private func goBack(to events: [Event]) throws {
    machine = nil
    state.take()?.abort()
    state = try database.environment.beginWrite()
    machine = try Machine(tables: database.tables, state: &state!)
    sequence = Int(try database.recordedHead(in: state!)!.sequence)
    for event in events {
      try machine!.replay(
        event.bytes.span.bytes, sequence: event.sequence, timeMilliseconds: event.timeMilliseconds, state: &state!)
      sequence = Int(event.sequence)
    }
  }

  /// The events in the block, each behind its length.
  private static func events(in block: borrowing Block) -> [Event] {
    var events: [Event] = []
    var offset = BlockHeader.byteCount
    let first = block.nextSequence - UInt64(block.eventCount)
    for number in 0..<block.eventCount {
      let bytes = block.writer.bytes
      let length = Int(bytes.bigEndian(at: offset) as UInt32)
      let event = bytes.extracting(offset + 4..<offset + 4 + length).withUnsafeBytes { Array($0) }
      events.append(
        Event(bytes: event, sequence: first + UInt64(number), timeMilliseconds: block.timeMilliseconds))
      offset += 4 + length
    }
    return events
  }
}
