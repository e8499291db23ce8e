/// What every request must answer: dictionaries and arrays, written from `protocol.md` and the laws, never from the engine.
///
/// It says what must be, the slow and plain way: a card is a value in an array that says where it is, a question is
/// answered by looking through all of them. A copy is a way back. It has no clock: the time of each request is given.
package struct Model: Sendable {
  // What is announced at hello.
  package static let cardsPerLine = 100_000
  package static let cardsPerAnswer = 128
  package static let linesPerRequest = 100
  package static let extentsPerRequest = 256
  package static let lotsPerPurchase = 256
  package static let longestHoldSeconds: UInt64 = 604_800
  package static let reversalMilliseconds: UInt64 = 86_400_000
  package static let rememberedMilliseconds: UInt64 = 90 * 86_400_000

  package struct Card: Hashable, Sendable {
    package var product: Int
    package var lot: Int
    package var expiry: UInt32
    package var serial = ""
    package var pin = ""
    package var place: Place
    /// The events that moved it, the first its purchase's beginning.
    package var life: [Int] = []
  }

  struct Lot: Hashable, Sendable {
    var product: Int
    var purchase: Int
    var expiry: UInt32
    var first: Int
    var declared: Int
    var loaded = 0
  }

  struct PurchaseRecord: Hashable, Sendable {
    enum Stage: Hashable, Sendable { case loading, committed, abandoned }
    var purchase: Purchase
    var vendor: String
    var lots: Range<Int>
    var stage = Stage.loading
    var chunks: [[LoadedCard]] = []
    var chunkAnswers: [Outcome] = []
    /// The event that committed or abandoned it.
    var event = 0
  }

  /// A reservation, or the memory of a reversal that came before its request (`request` is then nil).
  struct Hold: Hashable, Sendable {
    var request: Request?
    var reservation: Reservation
    /// When it was released, expired or reversed.
    var endedAt: UInt64 = 0
    /// The event that brought it to its state.
    var event: Int
    /// The one that made it.
    let madeBy: Int

    init(request: Request?, reservation: Reservation, endedAt: UInt64 = 0, event: Int) {
      self.request = request
      self.reservation = reservation
      self.endedAt = endedAt
      self.event = event
      madeBy = event
    }
  }

  /// A change that carried an id of its own.
  struct Change: Hashable, Sendable {
    var request: Request
    var actor: Int
    var at: UInt64
    var outcome: Outcome
    var event: Int
  }

  /// By number, from 1: the first is at index 0.
  package internal(set) var cards: [Card] = []
  package internal(set) var products: [Product] = []
  package internal(set) var actors: [Actor]
  var lots: [Lot] = []
  var purchases: [PurchaseRecord] = []
  var holds: [ID: Hold] = [:]
  var changes: [ID: Change]
  var shifts: [Int: Shift] = [:]
  var reprints: [Reprint] = []
  /// Which purchase brought a serial or a PIN, for each vendor.
  var serials: [String: [String: Int]] = [:]
  var pins: [String: [String: Int]] = [:]
  /// The cards that the last event moved.
  private var moved: [Int] = []
  /// How many events there are.
  package internal(set) var events: Int

  /// A new store: its first event says so, its second names the first administrator.
  package init(administrator: String) {
    let first = Actor(number: 1, name: administrator, roles: [.administrator])
    actors = [first]
    let request = Request.defineActor(1, Actor(name: administrator, roles: [.administrator]), renewsKey: true)
    changes = [1: Change(request: request, actor: 0, at: 0, outcome: .actor(1), event: 2)]
    events = 2
  }

  package var reservationIDs: [ID] { holds.keys.sorted() }
  package var purchaseCount: Int { purchases.count }
  package func state(of id: ID) -> State? { holds[id]?.reservation.state }
  package func regularCount(of product: Int) -> Int {
    cards.count { $0.product == product && $0.place == .stock(.regular) }
  }

  // MARK: Asking

  /// Answers a request, and changes what it changes. `sweep` comes before each batch.
  package mutating func answer(_ request: Request, by actor: Int, at now: UInt64) -> Answer {
    defer { noteMoves() }
    let faults = outOfRange(request)
    if !faults.isEmpty { return Answer(.refused(.invalidInOne(of: faults))) }
    if let refusal = notAllowed(request, actor, now) { return Answer(.refused(refusal)) }
    return switch request {
    case .reserve, .vend: grant(request, actor, now)
    case .dispense(let id): dispense(id, actor, now)
    case .confirm(let id): confirm(id, actor, now)
    case .extend(let id, let deadline): extend(id, to: deadline, actor, now)
    case .release(let id): release(id, actor, now)
    case .reverse(let id): reverse(id, actor, now)
    case .reprint(let id, let first, let count): reprint(id, first, count, actor, now)
    case .lookUp(let id): lookUp(id, actor, now)
    case .stock(let product): stock(product)
    case .shiftTotals: Answer(.shift(shift(of: actor)))
    case .actors: Answer(.actors(actors))
    case .locate(let card):
      cards.indices.contains(card - 1)
        ? Answer(.located(cards[card - 1].place)) : Answer(.refused(.unknownCard))
    case .loadCards(let purchase, let chunk, let cards): load(purchase, chunk, cards)
    case .commitPurchase(let purchase): commit(purchase)
    case .abandonPurchase(let purchase): abandon(purchase)
    case .giveBack, .reinventory, .settle, .withdraw, .freeze, .thaw, .defineProduct, .defineActor, .beginPurchase,
      .closeShift:
      change(request, actor, now)
    }
  }

  /// Every change but those to reservations: known by its id, answered alike for ever.
  private mutating func change(_ request: Request, _ actor: Int, _ now: UInt64) -> Answer {
    let id = request.ownID!
    if let known = changes[id] {
      if let refusal = clash(request, known.request, actor, known.actor) { return Answer(.refused(refusal)) }
      return Answer(known.outcome, isRepeat: true, event: known.event)
    }
    if let hold = holds[id] { return Answer(.refused(refusalOfOther(hold, actor))) }
    let outcome: Outcome =
      switch request {
      case .giveBack(let id, let of, let runs): giveBack(id, of, runs, actor, now)
      case .reinventory(_, let runs, _): reinventory(runs)
      case .settle(_, let of, _): settle(of, actor, now)
      case .withdraw(_, let runs, _): withdraw(runs)
      case .freeze(_, let product, _): stop(product, isFrozen: true)
      case .thaw(_, let product, _): stop(product, isFrozen: false)
      case .defineProduct(_, let product): define(product)
      case .defineActor(_, let actor, _): define(actor)
      case .beginPurchase(_, let purchase): begin(purchase, now)
      case .closeShift: closeShift(of: actor, now)
      default: preconditionFailure("not a change with an id of its own")
      }
    if case .refused = outcome { return Answer(outcome) }
    let event = newEvent()
    // What it did to a reservation, it did by this event.
    if case .settle(_, let of, _) = request { holds[of]!.event = event }
    changes[id] = Change(request: request, actor: actor, at: now, outcome: outcome, event: event)
    return Answer(outcome, event: event)
  }

  mutating func put(_ card: Int, _ place: Place) {
    cards[card - 1].place = place
    moved.append(card)
  }

  /// The last event was the one that moved them.
  mutating func noteMoves() {
    for card in moved { cards[card - 1].life.append(events) }
    moved = []
  }

  mutating func newEvent() -> Int {
    events += 1
    return events
  }

  // MARK: Whose id it is

  /// Why a request may not repeat the one that first had its id: another operation, another actor, other content.
  func clash(_ request: Request, _ known: Request, _ actor: Int, _ owner: Int) -> Refusal? {
    if request.kind != known.kind { return .idReused(.operation) }
    if actor != owner && !mayUseOthersIDs(actor) { return .notYours }
    let differences = request.differences(from: known)
    return differences.isEmpty ? nil : .idReusedInOne(of: differences)
  }

  /// Why a change may not have the id of a reservation.
  func refusalOfOther(_ hold: Hold, _ actor: Int) -> Refusal {
    // What was reversed before it came may have been anything.
    if hold.request != nil { return .idReused(.operation) }
    return actor == hold.reservation.actor || mayUseOthersIDs(actor) ? .wrongState(.reversed) : .notYours
  }

  /// The reservation that a request names; it must be known, be one, and be the actor's.
  func hold(_ id: ID, _ actor: Int) throws(Refusal) -> Hold {
    if changes[id] != nil { throw .idReused(.operation) }
    guard let hold = holds[id] else { throw .unknownID }
    guard hold.reservation.actor == actor || mayUseOthersIDs(actor) else { throw .notYours }
    return hold
  }

  func mayUseOthersIDs(_ actor: Int) -> Bool {
    !actors[actor - 1].roles.isDisjoint(with: [
      .clerk, .reviewer, .stockKeeper, .accountant, .keyCustodian, .auditor, .administrator,
    ])
  }

  /// Law 7: a hold is dead from its deadline on, whether or not it has been swept.
  func state(_ reservation: Reservation, at now: UInt64) -> State {
    let isDue = reservation.state == .held && reservation.deadline != 0 && reservation.deadline <= now
    return isDue ? .expired : reservation.state
  }
}

extension Refusal: Error {}
