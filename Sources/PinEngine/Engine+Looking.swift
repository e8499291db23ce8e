import LMDB
import PinBytes
import PinStore
import PinWords

/// Questions that are answered beside the writer: a card's life, the journal, what the store has done.
extension Engine {
  /// The life of the cards with a serial: one of each vendor, or of the vendor named. Never a PIN.
  ///
  /// It is told latest first, and is whole if it ends in `purchase-begun`: of a long one only the latest events are told.
  ///
  /// Blocks its thread for the reads of the journal.
  public func cards(
    serial: String, vendor: String? = nil, as actor: ActorID
  ) async throws -> Result<[CardLife], Refusal> {
    // Before the search: who may not ask is not told which serials there are.
    guard allows(actor, .card) else { return .failure(.notPermitted) }
    var vendorID: VendorID?
    if let vendor {
      guard let index = catalogue.vendors.firstIndex(of: vendor) else { return .failure(.unknownCard) }
      vendorID = VendorID(UInt32(index) + 1)
    }
    var lives: [CardLife] = []
    for id in try find(serial: serial, vendor: vendorID) {
      let answered = await perform(.internalCommand(InternalCommand(.locate(id))), as: actor)
      switch answered.outcome {
      case .located(let custody, let placedBy):
        // A card of an import under way is not here yet.
        guard let lot = catalogue.lot(of: id), custody != .loading(lot.purchase) else { continue }
        lives.append(
          CardLife(
            id: id, serial: serial, product: lot.product, lot: lot.id, purchase: lot.purchase, expiry: lot.expiry,
            custody: custody, life: try life(of: id, from: placedBy)))
      case .refused(let refusal): return .failure(refusal)
      default: preconditionFailure("a question where a card is was answered with something else")
      }
    }
    return lives.isEmpty ? .failure(.unknownCard) : .success(lives)
  }

  /// The serials of cards, in order, of at most so many; blocks its thread for the reads.
  package func serials(of extents: [Extent], atMost limit: Int) throws -> [String] {
    var reader = try makeCardReader()
    var serials: [String] = []
    for extent in extents {
      for number in extent.first.rawValue..<extent.end.rawValue {
        guard serials.count < limit else { return serials }
        if let serial = try reader.serial(of: CardID(number)) { serials.append(serial) }
      }
    }
    return serials
  }

  /// The last synced event.
  public var headSequence: UInt64 { store.head.sequence }

  /// The last synced event, and when it was.
  package var head: (sequence: UInt64, timeMilliseconds: UInt64) {
    let head = store.head
    return (head.sequence, head.timeMilliseconds)
  }

  /// The time by the store's own clock (law 7): no event that comes later has an earlier one. Nil when it does not answer.
  package func presentMilliseconds() async -> UInt64? {
    // Any question is answered with the time at which it was; nothing has this id.
    let answered = await perform(.lookUp(RequestID(high: 0, low: 1)), as: .store)
    return answered.timeMilliseconds == 0 ? nil : answered.timeMilliseconds
  }

  /// Lends each event from a sequence on, up to the synced head, until `body` wants no more.
  ///
  /// Throws `StoreError` for a sequence beyond the one after the head, or a journal that cannot be read.
  package func forEachEvent(
    from sequence: UInt64, _ body: (_ event: RawSpan, _ sequence: UInt64, _ timeMilliseconds: UInt64) throws -> Bool
  ) throws {
    var scan = try store.scan(from: sequence)
    do {
      try scan.forEach(body)
    } catch ScanError<any Error>.store(let error) {
      throw error
    } catch ScanError<any Error>.body(let error) {
      throw error
    }
  }

  /// What the store has done since it was opened.
  package var counters: StoreCounters { store.counters }

  /// Why the store stopped by itself; nil while it serves.
  package var failure: StoreError? { store.failure }

  /// Whether an actor may ask for an operation now; whether its key still works, whoever keeps the session sees.
  package func allows(_ actor: ActorID, _ operation: PinWords.Operation) -> Bool {
    guard let known = catalogue.actor(actor), !known.description.isRevoked else { return false }
    return !known.description.roles.isDisjoint(with: operation.allowedRoles)
  }

  // MARK: A card's life

  /// A card at the front of the stock may have been held and given back any number of times: the latest are told.
  static let mostEventsOfLife = 512
  /// Events walked through for them, counting those in which only a neighbour joined the card's piece of stock.
  static let mostStepsOfLife = 4096

  /// Walks back from the event that put a card where it is, each event naming the one before it.
  private func life(of card: CardID, from placedBy: UInt64) throws -> [CardEvent] {
    var life: [CardEvent] = []
    var sequence = placedBy
    for _ in 0..<Self.mostStepsOfLife {
      guard sequence != 0, life.count < Self.mostEventsOfLife else { break }
      let step = try store.withEvent(sequence) { event, time in
        try CardStep(of: card, in: event, sequence: sequence, timeMilliseconds: time)
      }
      if let moved = step.event { life.append(moved) }
      precondition(step.placedBy < sequence, "an event names one that came after it")
      sequence = step.placedBy
    }
    return life
  }
}

/// What one event did to a card, and the event that had put it where this one took it from.
private struct CardStep {
  /// Nil when the event only joined the card's piece of stock to its neighbour.
  let event: CardEvent?
  let placedBy: UInt64

  init(of card: CardID, in event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64) throws {
    let head = try EventHead(event)
    func made(_ id: RequestID) -> CardEvent {
      CardEvent(
        sequence: sequence, timeMilliseconds: timeMilliseconds, actor: head.actor, name: head.kind.name, id: id)
    }
    switch head.kind {
    case .purchaseBegun:
      self.event = made(ChangeEvent(event).id)
      placedBy = 0
    case .purchaseCommitted, .purchaseAbandoned:
      self.event = made(.zero)
      placedBy = event.bigEndian(at: 16)
    case .reserved, .vended:
      let grant = GrantEvent(event)
      let index = (0..<grant.grant.sliceCount).first { grant.grant.slice($0).extent.contains(card) }
      guard let index else { preconditionFailure("an event does not name a card it moved") }
      self.event = made(grant.id)
      placedBy = grant.placedBy(slice: index)
    case .dispensed, .released, .expired, .reversed:
      let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
      let step = Self.step(of: card, in: MoveReader(event.extracting(32..<event.byteCount)))
      self.event = step.isMoved ? made(id) : nil
      placedBy = step.placedBy
    case .returned, .settled:
      let change = ChangeEvent(event)
      let step = Self.step(of: card, in: MoveReader(change.body.extracting(16..<change.body.byteCount)))
      self.event = step.isMoved ? made(change.id) : nil
      placedBy = step.placedBy
    case .reinventoried, .withdrawn:
      let change = ChangeEvent(event)
      let step = Self.step(of: card, in: MoveReader(change.body))
      self.event = step.isMoved ? made(change.id) : nil
      placedBy = step.placedBy
    case .stockQuarantined:
      let step = Self.step(of: card, in: MoveReader(event.extracting(EventHead.byteCount..<event.byteCount)))
      self.event = step.isMoved ? made(.zero) : nil
      placedBy = step.placedBy
    case .orderChanged:
      guard let cards = OrderChangedEvent(event).cards else {
        preconditionFailure("an order's event that moves no card is named as one that did")
      }
      let step = try CardStep(of: card, in: cards, sequence: sequence, timeMilliseconds: timeMilliseconds)
      self.event = step.event
      placedBy = step.placedBy
    default:
      preconditionFailure("an event that moves no card is named as one that did")
    }
  }

  private static func step(
    of card: CardID, in moves: borrowing MoveReader
  ) -> (isMoved: Bool, placedBy: UInt64) {
    for index in 0..<moves.count where moves[index].extent.contains(card) { return (true, moves[index].placedBy) }
    // Then it was in a neighbour that grew together with what came back.
    for index in 0..<moves.count {
      let move = moves[index]
      if let left = move.left, left.far <= card, card < move.extent.first { return (false, left.placedBy) }
      if let right = move.right, move.extent.end <= card, card <= right.far { return (false, right.placedBy) }
    }
    preconditionFailure("an event names a card neither in what it moved nor in its neighbours")
  }
}

extension Extent {
  func contains(_ card: CardID) -> Bool { first <= card && card < end }
}
