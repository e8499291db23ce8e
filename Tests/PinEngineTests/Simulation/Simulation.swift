import Foundation
import PinStore
import PinWords
import ReferenceModel
import Synchronization

@testable import PinEngine

/// One step of a history: a value, so that a history can be played again, or in part.
enum Step {
  /// Time passes, and then these are asked all at once: decided in this order, at one time, durable together.
  case ask(afterMilliseconds: UInt64, [Asked])
  /// The store stops and starts again, with the clock moved meanwhile; from its journal alone if the state was lost.
  case restart(clockMilliseconds: Int64, losingState: Bool)
  /// Every card, level, reservation and shift is compared, and the store verifies itself.
  case compareAll
}

struct Asked {
  var actor: Int
  var request: ReferenceModel.Request
}

/// The store answered something else than the model.
struct Disagreement: Error {
  var step: Int
  /// The same for two that are of a kind.
  var kind: String
  var text: String
}

/// The store and the model side by side: every answer of the one must be the other's.
final class Simulation {
  private(set) var model: Model
  let bench: Bench
  private let settings: StoreSettings
  private var stepCount = 0
  /// The time of the last event.
  private var stampMilliseconds: UInt64
  /// When the import under way was heard of last.
  private var heardMilliseconds: UInt64 = 0
  private(set) var lastTold: [ReferenceModel.Answer] = []
  private(set) var statesSeen: Set<State> = []
  private(set) var outcomesSeen: [String: Int] = [:]

  init(settings: StoreSettings) throws {
    self.settings = settings
    bench = try Bench(settings: settings, in: Self.directory)
    model = Model(administrator: "root")
    stampMilliseconds = bench.clock.nowMilliseconds()
  }

  /// Memory, where there is a file system in it: a simulation syncs a great deal, and it is not the disk that is tested.
  private static let directory: String = {
    FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
  }()

  var nowMilliseconds: UInt64 { bench.clock.nowMilliseconds() }

  func run(_ step: Step) async throws {
    stepCount += 1
    switch step {
    case .ask(let milliseconds, let asked):
      bench.clock.advance(milliseconds: milliseconds)
      try await ask(asked)
    case .restart(let milliseconds, let losingState): try await restart(milliseconds, losingState)
    case .compareAll: try await compareAll()
    }
  }

  // MARK: Asking

  private func ask(_ asked: [Asked]) async throws {
    if asked.allSatisfy({ $0.request.command != nil }) {
      let answers = await bench.ask(all: asked.map { (command: $0.request.command!, ActorID(UInt32($0.actor))) })
      try compare(asked, try answers.map(translate))
    } else {
      // Imports and actors go through the engine one by one.
      for asked in asked { try compare([asked], [try await perform(asked)]) }
    }
  }

  /// What was answered, in the model's words, and when.
  private struct Told {
    var answer: ReferenceModel.Answer
    var timeMilliseconds: UInt64
  }

  private func translate(_ answered: Answered) throws -> Told {
    let outcome = try ReferenceModel.Outcome(answered.outcome) { try bench.engine.cards(of: $0) }
    return Told(
      answer: ReferenceModel.Answer(outcome, isRepeat: answered.isRepeat, event: Int(answered.sequence)),
      timeMilliseconds: answered.timeMilliseconds)
  }

  private func perform(_ asked: Asked) async throws -> Told {
    let actor = ActorID(UInt32(asked.actor))
    switch asked.request {
    case .defineActor(let id, let description, let renewsKey):
      let define = DefineActor(id: RequestID(id), actor: description.words, keyChange: renewsKey ? .renew : .keep)
      return try translate(await bench.engine.define(define, as: actor).answered)
    case .beginPurchase(let id, let purchase):
      let answered = await bench.engine.begin(purchase.words(id: id), as: actor)
      if answered.outcome.refusal == nil && !answered.isRepeat { try giveWay() }
      return try translate(answered)
    case .commitPurchase(let purchase):
      hear(purchase)
      return try translate(await bench.engine.commit(PurchaseID(UInt32(purchase)), as: actor))
    case .abandonPurchase(let purchase):
      return try translate(await bench.engine.abandon(PurchaseID(UInt32(purchase)), as: actor))
    case .loadCards(let purchase, let chunk, let cards):
      hear(purchase)
      let loaded = CardChunk(capacity: cards.reduce(0) { $0 + $1.serial.utf8.count + $1.pin.utf8.count })
      for card in cards { loaded.append(card.serial, pin: card.pin, expiry: Day(daysSince1970: card.expiry)) }
      let outcome: ReferenceModel.Outcome =
        switch await bench.load(PurchaseID(UInt32(purchase)), UInt32(chunk), loaded) {
        case .success(let loaded):
          .loaded(accepted: loaded.acceptedCount, loaded.refusals.map(ReferenceModel.LoadRefusal.init))
        case .failure(let refusal): .refused(ReferenceModel.Refusal(refusal))
        }
      return Told(answer: ReferenceModel.Answer(outcome), timeMilliseconds: nowMilliseconds)
    default:
      return try translate(await bench.engine.perform(asked.request.command!, as: actor))
    }
  }

  private func hear(_ purchase: Int) {
    if model.importRunning == purchase { heardMilliseconds = nowMilliseconds }
  }

  /// An import under way gives way to the next one when it has been silent for a while.
  private func giveWay() throws {
    defer { heardMilliseconds = nowMilliseconds }
    guard model.importRunning != nil else { return }
    let silence = nowMilliseconds - heardMilliseconds
    try check(silence >= ImportDesk.idleMilliseconds, "gave way", "an import gave way after \(silence) ms")
    model.sweep(at: max(stampMilliseconds, nowMilliseconds))
    model.restart()
  }

  // MARK: Comparing

  /// The answers of a batch are the model's, after it has swept as the store has.
  private func compare(_ asked: [Asked], _ told: [Told]) throws {
    lastTold = told.map(\.answer)
    if case .loadCards = asked[0].request {
      // Beside the writer: nothing is swept, and the answer tells no time.
      return try compare(asked[0], told[0].answer, &model, nowMilliseconds)
    }
    let now = told[0].timeMilliseconds
    let expected = max(stampMilliseconds, nowMilliseconds)
    try check(told.allSatisfy { $0.timeMilliseconds == expected }, "time", "it is \(expected), and \(now) was told")
    let events = model.events
    defer { if model.events > events { stampMilliseconds = now } }
    let due = model.dueCount(at: now)
    guard due > settings.sweepLimit else {
      model.sweep(at: now)
      for (asked, told) in zip(asked, told) { try compare(asked, told.answer, &model, now) }
      return
    }
    // More is due than one sweep takes. How far the sweeper has come since is its own affair, but it goes in the order
    // of the deadlines: one of these must have been.
    var first: (any Error)?
    for swept in settings.sweepLimit...due {
      var candidate = model
      candidate.sweep(at: now, limit: swept)
      do {
        for (asked, told) in zip(asked, told) { try compare(asked, told.answer, &candidate, now) }
        model = candidate
        return
      } catch { first = first ?? error }
    }
    throw first!
  }

  private func compare(_ asked: Asked, _ told: ReferenceModel.Answer, _ model: inout Model, _ now: UInt64) throws {
    // A chunk comes to the engine without its actor: that is checked at the door.
    var actor = asked.actor
    if case .loadCards = asked.request { actor = 1 }
    let expected = model.answer(asked.request, by: actor, at: now)
    let isSame =
      expected.outcome.allows(told.outcome) && expected.isRepeat == told.isRepeat
      && (expected.event == nil || expected.event == told.event)
      // On the wire the decoder refuses what is out of range before all else; the engine stands behind it.
      || expected.outcome.isOutOfRange
        && model.notAllowed(asked.request, actor, now).map { .refused($0) } == told.outcome
    outcomesSeen["\(asked.request.kind) \(told.outcome.kind)", default: 0] += 1
    if case .foundReservation(let reservation) = told.outcome { statesSeen.insert(reservation.state) }
    try check(
      isSame, "\(asked.request.kind) \(told.outcome.kind) \(expected.outcome.kind)",
      """
      actor \(asked.actor) asked \(asked.request)
        the store: \(told)
        the model: \(expected)
      """)
  }

  fileprivate func check(_ isRight: Bool, _ kind: @autoclosure () -> String, _ text: @autoclosure () -> String) throws {
    if !isRight { throw Disagreement(step: stepCount, kind: kind(), text: Self.readable(text())) }
  }

  /// Without the names of modules and types that Swift prints.
  static func readable(_ text: String) -> String {
    text.replacing(#/\[(\w+\.)?LoadedCard\(.*LoadedCard\([^)]*\)\]/#, with: "[…]").replacing(
      #/(ReferenceModel|PinEngineTests)\.([A-Z]\w*\.)?/#, with: ""
    ).replacing(#/Optional\((\w+)\)/#) {
      String($0.1)
    }
  }

  // MARK: The whole

  private func restart(_ milliseconds: Int64, _ losingState: Bool) async throws {
    // What is due and was not swept, an idle writer may sweep before it stops, or not: so that nothing is.
    while model.dueCount(at: nowMilliseconds) > 0 { try await ask([Asked(actor: 1, request: .stock(product: 0))]) }
    if milliseconds < 0 {
      // No further than the store would start at.
      let earliest = stampMilliseconds - settings.clockBehindLimitMilliseconds
      bench.clock.goBack(milliseconds: min(milliseconds.magnitude, nowMilliseconds - min(earliest, nowMilliseconds)))
    } else {
      bench.clock.advance(milliseconds: milliseconds.magnitude)
    }
    if losingState { try bench.rebuildState() } else { try bench.restart() }
    let events = model.events
    model.restart()
    if model.events > events { stampMilliseconds = max(stampMilliseconds, nowMilliseconds) }
    // So that what is due is swept at this time, and not whenever the writer next has nothing to do.
    try await ask([Asked(actor: 1, request: .stock(product: 0))])
  }

  private func compareAll() async throws {
    var asked = model.cards.indices.map { Asked(actor: 1, request: .locate(card: $0 + 1)) }
    asked.append(Asked(actor: 1, request: .stock(product: 0)))
    asked.append(Asked(actor: 1, request: .actors))
    asked += model.reservationIDs.map { Asked(actor: 1, request: .lookUp($0)) }
    try await ask(asked)
    try await compareLives()
    let report = try bench.engine.verify()
    try check(report.sound, "unsound", "the store does not verify: \(report.problems.prefix(3))")
  }
}

extension Simulation {
  /// The lives of up to forty cards, each told by walking the journal back.
  private func compareLives() async throws {
    let stride = max(model.cards.count / 40, 1)
    for (index, card) in model.cards.enumerated()
    where index % stride == 0 && card.life.count > 1 && !card.serial.isEmpty {
      let lives = try await bench.engine.cards(serial: card.serial, as: bench.administrator)
      let life = try? lives.get().first { Int($0.id.rawValue) == index + 1 }?.life.map { Int($0.sequence) }
      if card.isAbandoned { continue }
      try check(
        life == card.life.reversed().prefix(512).map { $0 }, "life",
        "card \(index + 1) was moved by \(card.life), and is told to have been by \(life ?? [])")
    }
  }
}

extension Model.Card {
  /// Its import was given up, and nobody knows its serial any more.
  fileprivate var isAbandoned: Bool { place == .void && life.count == 2 }
}

extension ReferenceModel.Outcome {
  /// Whether this, which the model answered, is what was told.
  func allows(_ told: ReferenceModel.Outcome) -> Bool {
    switch (self, told) {
    case (.refused(.idReusedInOne(of: let fields)), .refused(.idReused(let field))),
      (.refused(.invalidInOne(of: let fields)), .refused(.invalid(let field))):
      fields.contains(field)
    default: self == told
    }
  }

  var isOutOfRange: Bool {
    if case .refused(.invalidInOne) = self { true } else { false }
  }

  /// What kind of answer it is, for counting.
  var kind: String {
    if case .refused(let refusal) = self {
      return String(Mirror(reflecting: refusal).children.first?.label ?? "\(refusal)")
    }
    return String(Mirror(reflecting: self).children.first?.label ?? "\(self)")
  }
}
