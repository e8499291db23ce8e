import LMDB
import PinBytes
import PinStore
import PinWords

/// What happens to the store as a whole: made, restored, rekeyed; and strangers at its door.
///
///     created       8 store id (16)
///     restored      8 new store id (16)
///     quarantined   8 moves
///     rekeyed       8 master key id u64
///     proofs failed 8 claimed actor u32, 12 count u32, 16 since u64
extension Machine {
  static func writeStoreCreated(_ storeID: RequestID, into block: inout Block) {
    block.beginEvent()
    EventHead(kind: .storeCreated, actor: .store).write(to: &block.writer)
    block.writer.write(storeID)
    _ = block.endEvent()
  }

  mutating func applyStoreCreated(_ event: RawSpan) {
    counters.storeID = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    haveCountersChanged = true
    hasCatalogueChanged = true
  }

  /// The event that every restore which may have forgotten sales begins with.
  static func writeStoreRestored(_ newStoreID: RequestID, into block: inout Block) {
    block.beginEvent()
    EventHead(kind: .storeRestored, actor: .store).write(to: &block.writer)
    block.writer.write(newStoreID)
    _ = block.endEvent()
  }

  /// Puts stock and held cards into quarantine after a restore, a bounded number at a time: it is asked again, before
  /// anybody is served, until it moves nothing and so says that it is done.
  mutating func decideQuarantine(
    _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard counters.isQuarantining else { return Reply(.moved(cards: 0)) }
    try gatherForQuarantine(state)
    let cards = moves.reduce(UInt64(0)) { $0 + UInt64($1.extent.count) }
    block.beginEvent()
    EventHead(kind: .stockQuarantined, actor: .store).write(to: &block.writer)
    MoveReader.write(moves, to: &block.writer)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.moved(cards: cards), sequence: sequence)
  }

  private mutating func gatherForQuarantine(_ state: borrowing WriteTransaction) throws(LMDBError) {
    moves.removeAll(keepingCapacity: true)
    var stock = try state.walk(tables.stock)
    while moves.count < Self.mostMovesOfChange, let entry = try stock.next() {
      let key = StockKey(entry.key)
      let value = present(StockValue(entry.value), of: key)
      let extent = Extent(first: value.next, count: UInt32(key.last.rawValue - value.next.rawValue + 1))
      moves.append(
        Move(extent: extent, lot: value.lot, placedBy: value.placedBy, from: .stock, condition: key.condition))
    }
    // What was passed stays passed: nobody is served, so no card is held anew.
    var custody = try state.walk(tables.custody, from: nextToQuarantine.rawValue)
    while moves.count < Self.mostMovesOfChange, let entry = try custody.next() {
      let value = CustodyValue(entry.value)
      let extent = Extent(first: CardID(entry.integerKey), count: value.count)
      nextToQuarantine = extent.end
      guard value.holder == .reserved else { continue }
      moves.append(
        Move(extent: extent, lot: value.lot, placedBy: value.placedBy, from: .reserved, condition: value.condition))
    }
  }

  mutating func applyStoreRestored(_ event: RawSpan) {
    counters.storeID = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    counters.isQuarantining = true
    nextToQuarantine = CardID(0)
    haveCountersChanged = true
    hasCatalogueChanged = true
  }

  mutating func applyStockQuarantined(
    _ event: RawSpan, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let moves = MoveReader(event.extracting(EventHead.byteCount..<event.byteCount))
    if moves.count == 0 {
      counters.isQuarantining = false
      haveCountersChanged = true
      hasCatalogueChanged = true
    }
    for index in 0..<moves.count {
      let move = moves[index]
      var id = RequestID.zero
      if move.from == .reserved, let (_, value) = try custody(of: move.extent.first, state: state) { id = value.id }
      try carryOut(move, to: .quarantined, id: id, by: sequence, state: &state)
      if id != .zero {
        try changeHead(of: id, &state) { head in
          head.state = .quarantined
          head.changedBy = sequence
        }
      }
    }
  }

  mutating func decideRekeyed(
    _ masterKeyID: UInt64, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    block.beginEvent()
    EventHead(kind: .rekeyed, actor: .store).write(to: &block.writer)
    block.writer.write(masterKeyID)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.done, sequence: sequence)
  }

  /// Changes nothing: the event is for whoever reads the journal.
  mutating func decideProofsFailed(
    _ failed: JournalFacts.FailedProofs, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard actor(failed.actor) != nil else { return Reply(.refused(.unknownActor)) }
    block.beginEvent()
    EventHead(kind: .proofsFailed, actor: .store).write(to: &block.writer)
    block.writer.write(failed.actor.rawValue)
    block.writer.write(failed.count)
    // Whoever counted them read another clock.
    block.writer.write(min(failed.sinceMilliseconds, now))
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.done, sequence: sequence)
  }
}
