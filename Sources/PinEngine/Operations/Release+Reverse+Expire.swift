import LMDB
import PinBytes
import PinStore
import PinWords

/// Giving cards back: by the client (release), by the clock (expire), or because nobody knows (reverse).
///
/// The three share one event: the id, the state it ends in, the moves.
///
///     8 id  24 state  25 seven zero bytes  32 moves
extension Machine {
  mutating func decideRelease(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let known = try reservation(id, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    switch head.state {
    case .held:
      let sequence = try end(id, as: .released, .released, by: asker.id, now, &block, &state)
      return Reply(.state(.released, deadlineMilliseconds: head.deadlineMilliseconds), sequence: sequence)
    case .released, .expired, .reversed:
      return present(head)
    case .delivered, .confirmed, .quarantined:
      return Reply(.refused(.wrongState(head.state)))
    }
  }

  /// A reversal always settles (law 5): whatever became of the request, after this it did not happen, or is final.
  mutating func decideReverse(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard id != .zero else { return Reply(.refused(.invalid(.id))) }
    let known = try reservation(id, asker, at: now, state)
    guard case .known(let head) = known else {
      guard case .refused(.unknownID) = known else { return known.reply }
      let sequence = try end(id, as: .reversed, .reversed, by: asker.id, now, &block, &state)
      return Reply(.state(.reversed, deadlineMilliseconds: 0), sequence: sequence)
    }
    switch head.state {
    case .held:
      let sequence = try end(id, as: .reversed, .reversed, by: asker.id, now, &block, &state)
      return Reply(.state(.reversed, deadlineMilliseconds: head.deadlineMilliseconds), sequence: sequence)
    case .released, .expired, .reversed, .quarantined:
      return present(head)
    case .confirmed:
      return Reply(.refused(.final))
    case .delivered:
      guard isReversible(head, at: now) else { return Reply(.refused(.final)) }
      let sequence = try end(id, as: .quarantined, .reversed, by: asker.id, now, &block, &state)
      return Reply(.state(.quarantined, deadlineMilliseconds: head.deadlineMilliseconds), sequence: sequence)
    }
  }

  /// Whether a delivery has not been confirmed, by its client or by time.
  func isReversible(_ head: ReservationHead, at now: UInt64) -> Bool {
    head.state == .delivered && now < head.dispensedAtMilliseconds + UInt64(limits.reversalSeconds) * 1000
  }

  private func present(_ head: ReservationHead) -> Reply {
    Reply(
      .state(head.state, deadlineMilliseconds: head.deadlineMilliseconds), sequence: head.changedBy, isRepeat: true)
  }

  // MARK: The clock

  package mutating func sweep(
    at moment: Moment, limit: Int, into block: inout Block, state: inout WriteTransaction
  ) throws(LMDBError) {
    guard moment.allowsChanges else { return }
    let now = moment.timeMilliseconds
    for _ in 0..<limit {
      guard !block.isFull, let due = try dueReservation(at: now, state) else { return }
      let head = try head(of: due.id, state)
      precondition(self.due(head) == due.timeMilliseconds, "a reservation is watched at another time than it is due")
      if head.state == .held {
        _ = try end(due.id, as: .expired, .expired, by: .store, now, &block, &state)
      } else {
        try forget(due.id, now, &block, &state)
      }
    }
  }

  package mutating func nextDueMilliseconds(state: inout WriteTransaction) throws(LMDBError) -> UInt64 {
    try nextDeadline(state) ?? .max
  }

  private func dueReservation(
    at now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> DeadlineKey? {
    guard let entry = try state.firstEntry(in: tables.deadlines) else { return nil }
    let key = DeadlineKey(entry.key)
    return key.timeMilliseconds <= now ? key : nil
  }

  private mutating func forget(
    _ id: RequestID, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    block.beginEvent()
    EventHead(kind: .forgotten, actor: .store).write(to: &block.writer)
    block.writer.write(id)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
  }

  mutating func applyForgotten(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    try unwatch(id, head(of: id, state), &state)
    let key = id.key
    _ = try state.remove(key.span.bytes, in: tables.ids)
  }

  // MARK: The event

  /// Ends a reservation in a state: writes and applies the event.
  private mutating func end(
    _ id: RequestID, as ending: ReservationState, _ kind: EventKind, by actor: ActorID, _ now: UInt64,
    _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> UInt64 {
    try gatherEnd(id, as: ending, state)
    block.beginEvent()
    writeEnd(id, as: ending, kind, by: actor, to: &block.writer)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return sequence
  }

  func writeEnd(
    _ id: RequestID, as ending: ReservationState, _ kind: EventKind, by actor: ActorID, to writer: inout ByteWriter
  ) {
    EventHead(kind: kind, actor: actor).write(to: &writer)
    writer.write(id)
    writer.write(ending.rawValue)
    writer.writeZeros(7)
    MoveReader.write(moves, to: &writer)
  }

  /// What the id still holds, on its way to quarantine or back to stock.
  mutating func gatherEnd(
    _ id: RequestID, as ending: ReservationState, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    try gatherAll(of: id, as: ending == .quarantined ? .delivered : .reserved, state)
    guard ending != .quarantined else { return }
    for index in moves.indices {
      let move = moves[index]
      moves[index] = try moveBack(
        move.extent, lot: move.lot, placedBy: move.placedBy, from: move.from, was: move.condition,
        to: move.condition, state: state)
    }
  }

  mutating func applyEnd(
    _ event: RawSpan, _ eventHead: EventHead, sequence: UInt64, timeMilliseconds: UInt64,
    state: inout WriteTransaction
  ) throws(LMDBError) {
    let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    guard let ending = ReservationState(rawValue: event.unsafeLoad(fromByteOffset: 24, as: UInt8.self)) else {
      preconditionFailure("an event ends a reservation in a state that does not exist")
    }
    let moves = MoveReader(event.extracting(32..<event.byteCount))
    for index in 0..<moves.count {
      let move = moves[index]
      if ending == .quarantined {
        try carryOut(move, to: .quarantined, id: id, by: sequence, state: &state)
      } else {
        try carryOut(move, toStock: move.condition, by: sequence, state: &state)
      }
    }
    let key = id.key
    let isKnown = try state.value(for: key.span.bytes, in: tables.ids) != nil
    if isKnown {
      if ending != .quarantined { try giveBackTakings(of: id, state) }
      try changeHead(of: id, &state) { head in
        head.state = ending
        head.changedBy = sequence
        head.settledAtMilliseconds = ending == .quarantined ? 0 : timeMilliseconds
      }
      if ending == .quarantined { try countReversal(of: id, moves, state) }
    } else {
      try putTombstone(id, by: eventHead.actor, sequence: sequence, timeMilliseconds: timeMilliseconds, &state)
    }
  }

  /// Cards of a hold that ends unsold do not count against its actor's limits any more, as long as they would have.
  private mutating func giveBackTakings(
    of id: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return }
    let head = ReservationHead(record)
    let grant = GrantReader(record: record, head: head)
    changeTakings(of: head.actor) { $0.giveBack(grant, takenAt: head.reservedAtMilliseconds) }
  }

  /// The record of an id that was reversed before it arrived.
  private mutating func putTombstone(
    _ id: RequestID, by actor: ActorID, sequence: UInt64, timeMilliseconds: UInt64, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    var head = ReservationHead(
      state: .reversed, isVended: false, sale: Sale(), actor: actor, reservedAtMilliseconds: timeMilliseconds,
      deadlineMilliseconds: 0, lineCount: 0, holdSeconds: 0, createdBy: sequence)
    head.settledAtMilliseconds = timeMilliseconds
    record.removeAll()
    head.write(to: &record)
    GrantReader.writePrefix(sliceCount: 0, to: &record)
    let key = id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.ids)
    try watch(id, head, &state)
  }
}
