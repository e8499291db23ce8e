import LMDB
import PinBytes
import PinStore
import PinWords

/// Disclosing PINs: for the first time (dispense), or again (a repeat, a reprint), each an event before it is done (law 2).
extension Machine {
  mutating func decideDispense(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let known = try reservation(id, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    switch head.state {
    case .held: break
    case .delivered, .confirmed:
      let count = UInt32(limits.cardsPerAnswer)
      return try open(id, firstIndex: 0, count: count, isRepeat: true, asker, now, &block, &state)
    case .expired: return Reply(.refused(.deadlinePassed))
    case .released, .reversed, .quarantined: return Reply(.refused(.wrongState(head.state)))
    }
    if let refusal = try gatherDispense(id, head, now, state) { return Reply(.refused(refusal)) }

    let total = moves.reduce(0) { $0 + $1.extent.count }
    let openedCount = min(total, UInt32(limits.cardsPerAnswer))
    if asker.id != head.actor, let refusal = refusal(ofReprinting: UInt64(openedCount), asker, now) {
      return Reply(.refused(refusal))
    }
    block.beginEvent()
    writeDispensed(id, openedCount: openedCount, by: asker.id, to: &block.writer)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    let delivery = try delivery(of: id, firstIndex: 0, count: openedCount, printCount: 0, state)
    return Reply(.delivery(delivery), sequence: sequence)
  }

  func writeDispensed(_ id: RequestID, openedCount: UInt32, by actor: ActorID, to writer: inout ByteWriter) {
    EventHead(kind: .dispensed, actor: actor).write(to: &writer)
    writer.write(id)
    writer.write(openedCount)
    writer.write(UInt32(0))
    MoveReader.write(moves, to: &writer)
  }

  /// Gathers the moves of a whole reservation out of its hold, or says why it cannot be dispensed.
  mutating func gatherDispense(
    _ id: RequestID, _ head: ReservationHead, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Refusal? {
    moves.removeAll(keepingCapacity: true)
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return .unknownID }
    let grant = GrantReader(record: record, head: head)
    var wanted = 0
    for index in 0..<grant.lineCount {
      let product = grant.line(index).line.product
      if self.product(product)?.isFrozen == true { return .productFrozen(product) }
    }
    for index in 0..<grant.sliceCount {
      let slice = grant.slice(index)
      // A card may have expired while it was held.
      guard lot(slice.lot).expiry >= Day(atMilliseconds: now) else { return .withdrawn }
      wanted += Int(slice.extent.count)
      try gather(slice, heldBy: id, as: .reserved, state)
    }
    let found = moves.reduce(0) { $0 + Int($1.extent.count) }
    return found == wanted ? nil : .withdrawn
  }

  /// Makes `moves` all extents that an id still holds as this holder: at most `mostPiecesOfDelivery`.
  mutating func gatherAll(
    of id: RequestID, as holder: CustodyValue.Holder, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    moves.removeAll(keepingCapacity: true)
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return }
    let grant = GrantReader(record: record, head: ReservationHead(record))
    for index in 0..<grant.sliceCount { try gather(grant.slice(index), heldBy: id, as: holder, state) }
  }

  /// Adds the extents of a slice that an id still holds to `moves`.
  mutating func gather(
    _ slice: Slice, heldBy id: RequestID, as holder: CustodyValue.Holder, _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    var next = slice.extent.first
    while next < slice.extent.end {
      guard let entry = try state.entry(atOrAfter: next.rawValue, in: tables.custody) else { return }
      let first = CardID(entry.integerKey)
      guard first < slice.extent.end else { return }
      let value = CustodyValue(entry.value)
      let extent = Extent(first: first, count: value.count)
      if value.holder == holder, value.id == id {
        moves.append(
          Move(
            extent: extent, lot: value.lot, placedBy: value.placedBy, from: Place(rawValue: holder.rawValue)!,
            condition: value.condition))
      }
      next = extent.end
    }
  }

  mutating func applyDispensed(
    _ event: RawSpan, _ eventHead: EventHead, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    let openedCount: UInt32 = event.bigEndian(at: 24)
    let moves = MoveReader(event.extracting(32..<event.byteCount))
    for index in 0..<moves.count {
      try carryOut(moves[index], to: .delivered, id: id, by: sequence, state: &state)
    }
    let head = try changeHead(of: id, &state) { head in
      head.state = .delivered
      head.dispensedAtMilliseconds = timeMilliseconds
      head.openedCount = openedCount
      head.changedBy = sequence
    }
    if eventHead.actor != head.actor {
      changeTakings(of: eventHead.actor) { $0.reprint(cards: UInt64(openedCount), at: timeMilliseconds) }
    }
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return }
    countSale(GrantReader(record: record, head: head), by: head.actor)
  }

  // MARK: Opening again

  mutating func decideReprint(
    _ reprint: Reprint, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let count = reprint.count == 0 ? limits.cardsPerAnswer : reprint.count
    guard count <= limits.cardsPerAnswer else { return Reply(.refused(.invalid(.count))) }
    let known = try reservation(reprint.reservation, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    guard head.state == .delivered || head.state == .confirmed else {
      return Reply(.refused(.wrongState(head.state)))
    }
    return try open(
      reprint.reservation, firstIndex: reprint.firstIndex, count: UInt32(count), isRepeat: false, asker, now, &block,
      &state)
  }

  /// Opens cards of a delivery that are still in it: an event, and a print unless they were never told before.
  ///
  /// What was told is always the first so many cards, and one answer tells either some of those or some after them, so that
  /// it has one print count. Where none of those told before is left in the delivery, nothing happens and the present state
  /// is told; where none of the next is, they are passed over as told.
  mutating func open(
    _ id: RequestID, firstIndex: UInt32, count: UInt32, isRepeat: Bool, _ asker: Asker, _ now: UInt64,
    _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let head = try head(of: id, state)
    guard firstIndex <= head.openedCount else { return Reply(.refused(.invalid(.index))) }
    let isPrint = firstIndex < head.openedCount
    let count = isPrint ? min(count, head.openedCount - firstIndex) : count
    // The first telling is no reprint, but it was one. Cards after those told before are new, however often those were printed.
    let toldBefore = isPrint ? head.printCount &+ (head.printCount == .max ? 0 : 1) : 0
    let delivery = try delivery(of: id, firstIndex: firstIndex, count: count, printCount: toldBefore, state)
    guard firstIndex < delivery.totalCount || delivery.totalCount == 0 else {
      return Reply(.refused(.invalid(.index)))
    }
    guard !delivery.slices.isEmpty || !isPrint else {
      return Reply(.delivery(delivery), sequence: head.changedBy, isRepeat: isRepeat)
    }
    let counts = isReprint(of: head, isPrint: isPrint, isRepeat: isRepeat, asker, now)
    if counts, let refusal = refusal(ofReprinting: UInt64(delivery.nextIndex - firstIndex), asker, now) {
      return Reply(.refused(refusal))
    }
    block.beginEvent()
    EventHead(kind: .opened, actor: asker.id).write(to: &block.writer)
    block.writer.write(id)
    block.writer.write(firstIndex)
    block.writer.write(delivery.nextIndex - firstIndex)
    block.writer.write(UInt8(isPrint ? 1 : 0))
    block.writer.write(UInt8(counts ? 1 : 0))
    block.writer.writeZeros(6)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.delivery(delivery), sequence: sequence, isRepeat: isRepeat)
  }

  /// Whether opening cards counts against the asker's limit of reprints: when they were told before, or another sold them.
  ///
  /// The same request again, by whoever sold and before the sale is confirmed, is the answer to one that was lost (law 4):
  /// no limit stands in its way, and it uses none up.
  private func isReprint(
    of head: ReservationHead, isPrint: Bool, isRepeat: Bool, _ asker: Asker, _ now: UInt64
  ) -> Bool {
    // The store mails the PINs of an order for whoever sold it.
    if asker.id == .store { return false }
    let isOwn = head.actor == asker.id
    if isOwn, isRepeat, isReversible(head, at: now) { return false }
    return isPrint || !isOwn
  }

  mutating func applyOpened(
    _ event: RawSpan, _ eventHead: EventHead, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    let firstIndex: UInt32 = event.bigEndian(at: 24)
    let count: UInt32 = event.bigEndian(at: 28)
    let isPrint = event.unsafeLoad(fromByteOffset: 32, as: UInt8.self) == 1
    if event.unsafeLoad(fromByteOffset: 33, as: UInt8.self) == 1 {
      changeTakings(of: eventHead.actor) { $0.reprint(cards: UInt64(count), at: timeMilliseconds) }
    }
    try changeHead(of: id, &state) { head in
      head.openedCount = max(head.openedCount, firstIndex + count)
      if isPrint, head.printCount < .max { head.printCount += 1 }
    }
  }

  /// The cards `[firstIndex, firstIndex + count)` of a delivery, as far as custody says that they are still in it (law 4).
  func delivery(
    of id: RequestID, firstIndex: UInt32, count: UInt32, printCount: UInt16, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Delivery {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else {
      preconditionFailure("a delivery has no record")
    }
    let head = ReservationHead(record)
    let grant = GrantReader(record: record, head: head)
    var delivery = Delivery(
      id: id, state: head.state, dispensedAtMilliseconds: head.dispensedAtMilliseconds, firstIndex: firstIndex,
      nextIndex: firstIndex, totalCount: 0, printCount: printCount, lines: Few(), slices: Few())
    for index in 0..<grant.lineCount { delivery.lines.append(grant.line(index)) }
    let wanted = UInt64(firstIndex)..<UInt64(firstIndex) + UInt64(count)
    for index in 0..<grant.sliceCount {
      let slice = grant.slice(index)
      let start = UInt64(delivery.totalCount)
      let inside = wanted.clamped(to: start..<start + UInt64(slice.extent.count))
      delivery.totalCount += slice.extent.count
      guard !inside.isEmpty else { continue }
      delivery.nextIndex = UInt32(inside.upperBound)
      let extent = Extent(
        first: CardID(slice.extent.first.rawValue + inside.lowerBound - start), count: UInt32(inside.count))
      try appendDelivered(extent, of: slice, id: id, to: &delivery.slices, state)
    }
    return delivery
  }

  private func appendDelivered(
    _ extent: Extent, of slice: Slice, id: RequestID, to slices: inout Few<Slice>,
    _ state: borrowing WriteTransaction
  ) throws(LMDBError) {
    var next = extent.first
    while next < extent.end {
      guard let (whole, value) = try custodyAtOrAfter(next, state), whole.first < extent.end else { return }
      let first = max(next, whole.first)
      let end = min(extent.end, whole.end)
      if value.holder == .delivered, value.id == id {
        let part = Extent(first: first, count: UInt32(end.rawValue - first.rawValue))
        slices.append(Slice(line: slice.line, product: slice.product, lot: slice.lot, extent: part))
      }
      next = end
    }
  }

  /// The entry that contains a card, or the first one after it.
  private func custodyAtOrAfter(
    _ card: CardID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> (extent: Extent, value: CustodyValue)? {
    if let found = try custody(of: card, state: state) { return found }
    guard let entry = try state.entry(atOrAfter: card.rawValue, in: tables.custody) else { return nil }
    let value = CustodyValue(entry.value)
    return (Extent(first: CardID(entry.integerKey), count: value.count), value)
  }
}
