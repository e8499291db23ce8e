import LMDB
import PinBytes
import PinStore
import PinWords

/// Taking cards from stock: held for a reservation, or delivered at once for a vend. All lines or none (law 6).
extension Machine {
  mutating func decideVend(
    _ vend: Vend, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard vend.line.count <= UInt32(limits.cardsPerAnswer) else { return Reply(.refused(.invalid(.count))) }
    let asked = Asked(id: vend.id, sale: vend.sale, holdSeconds: 0, isVend: true, lines: Few(vend.line))
    return try decideGrant(asked, asker, now, &block, &state)
  }

  mutating func decideReserve(
    _ reserve: Reserve, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard reserve.holdSeconds <= limits.longestHoldSeconds else { return Reply(.refused(.invalid(.holdTime))) }
    guard reserve.holdSeconds > 0 || asker.roles.mayHoldWithoutDeadline else {
      return Reply(.refused(.invalid(.holdTime)))
    }
    guard (1...Int(limits.linesPerRequest)).contains(reserve.lines.count) else {
      return Reply(.refused(.invalid(.lines)))
    }
    let asked = Asked(
      id: reserve.id, sale: reserve.sale, holdSeconds: reserve.holdSeconds, isVend: false, lines: Few(reserve.lines))
    return try decideGrant(asked, asker, now, &block, &state)
  }

  private mutating func decideGrant(
    _ asked: Asked, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    if let refusal = checkRanges(asked, asker) { return Reply(.refused(refusal)) }
    if let reply = try decideRepeat(asked, asker, now, &block, &state) { return reply }
    if let refusal = try gatherGrant(asked, asker, now, state) { return Reply(.refused(refusal)) }

    let deadline = asked.holdSeconds == 0 ? 0 : now + UInt64(asked.holdSeconds) * 1000
    block.beginEvent()
    writeGrant(asked, deadlineMilliseconds: deadline, by: asker.id, to: &block.writer)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)

    guard asked.isVend else {
      return Reply(.granted(try wholeReservation(asked.id, at: now, state)), sequence: sequence)
    }
    var slices = Few<Slice>()
    for pick in picks {
      slices.append(Slice(line: pick.line, product: pick.product, lot: pick.lot, extent: pick.extent))
    }
    return Reply(
      .delivery(
        Delivery(
          id: asked.id, state: .delivered, dispensedAtMilliseconds: now, firstIndex: 0,
          nextIndex: asked.lines[0].count, totalCount: asked.lines[0].count, printCount: 0,
          lines: Few(granted(asked.lines[0])), slices: slices)),
      sequence: sequence)
  }

  /// Chooses the cards of lines whose ranges were checked into `picks`, or says why the asker cannot have them.
  mutating func gatherGrant(
    _ asked: Asked, _ asker: Asker, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Refusal? {
    if let refusal = try pick(asked.lines, asker, now, state) { return refusal }
    return refusal(ofTaking: asked.lines, asker, now)
  }

  func checkRanges(_ asked: Asked, _ asker: Asker) -> Refusal? {
    guard asked.id != .zero else { return .invalid(.id) }
    for line in asked.lines {
      guard (1...limits.cardsPerLine).contains(line.count) else { return .invalid(.count) }
      switch line.condition {
      case .regular: break
      case .used: guard asker.roles.maySellUsed else { return .notPermitted }
      case .quarantined: return .invalid(.condition)
      }
    }
    return nil
  }

  /// The same id again: the same answer, or which field differs (law 4). Nil for an id that is new.
  private mutating func decideRepeat(
    _ asked: Asked, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply? {
    let head: ReservationHead
    switch try reservation(asked.id, asker, at: now, state) {
    case .known(let known): head = known
    case .refused(.unknownID): return nil
    case .refused(let refusal): return Reply(.refused(refusal))
    }
    guard head.lineCount > 0 else { return Reply(.refused(.wrongState(.reversed))) }
    let reservation = try wholeReservation(asked.id, at: now, state)
    if let field = asked.firstDifference(from: reservation, isVended: head.isVended, holdSeconds: head.holdSeconds) {
      return Reply(.refused(.idReused(field)))
    }
    guard asked.isVend else { return Reply(.granted(reservation), sequence: head.createdBy, isRepeat: true) }
    return try open(
      asked.id, firstIndex: 0, count: UInt32(limits.cardsPerAnswer), isRepeat: true, asker, now, &block, &state)
  }

  // MARK: Picking

  /// Chooses the cards for all lines into `picks`, first-expiring first, then first-imported first.
  private mutating func pick(
    _ lines: Few<Line>, _ asker: Asker, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Refusal? {
    picks.removeAll(keepingCapacity: true)
    for (index, line) in lines.enumerated() {
      // Read where it is: a product is large to copy.
      let place = Int(line.product.rawValue) - 1
      guard products.indices.contains(place) else { return .unknownProduct(line.product) }
      guard mayTake(line.product, costing: products[place].currency, asker) else {
        return .productNotPermitted(line.product)
      }
      guard !products[place].isFrozen else { return .productFrozen(line.product) }
      let (price, overflows) = products[place].priceMinor.multipliedReportingOverflow(by: UInt64(line.count))
      guard !overflows, line.discountMinor <= price else { return .invalid(.discount) }
      let earliest = Day(atMilliseconds: now).adding(days: UInt32(products[place].minimumValidityDays))
      if let refusal = try pick(lines, UInt16(index), expiringFrom: earliest, now, state) { return refusal }
    }
    return nil
  }

  private mutating func pick(
    _ lines: Few<Line>, _ index: UInt16, expiringFrom earliest: Day, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Refusal? {
    let line = lines[Int(index)]
    var missing = line.count
    var key = StockKey(product: line.product, condition: line.condition, expiry: earliest, last: CardID(0))
    while missing > 0 {
      guard let (found, value) = try stock(atOrAfter: key, state) else {
        return try shortage(of: line, among: lines, now, state)
      }
      // What an earlier line of the same request takes is not there any more (law 6).
      var next = value.next
      for pick in picks where pick.last == found.last { next = max(next, pick.extent.end) }
      if next <= found.last {
        guard picks.count < Int(limits.extentsPerRequest) else {
          return .tooManyExtents(limit: UInt32(limits.extentsPerRequest))
        }
        let count = UInt32(min(UInt64(missing), found.last.rawValue - next.rawValue + 1))
        picks.append(
          Pick(
            line: index, product: line.product, lot: value.lot, extent: Extent(first: next, count: count),
            placedBy: value.placedBy, last: found.last))
        missing -= count
      }
      key = StockKey(
        product: found.product, condition: found.condition, expiry: found.expiry,
        last: CardID(found.last.rawValue + 1))
    }
    return nil
  }

  /// There is not enough; unless holds are due that the sweeper has not come to, when it is worth trying again.
  private func shortage(
    of line: Line, among lines: Few<Line>, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Refusal {
    if let due = try nextDeadline(state), due <= now { return .busy(retryAfterMilliseconds: 10) }
    let available = picks.reduce(into: UInt64(0)) { total, pick in
      let isOfSameStock = pick.product == line.product && lines[Int(pick.line)].condition == line.condition
      if isOfSameStock { total += UInt64(pick.extent.count) }
    }
    return .insufficientStock(line.product, available: available)
  }

  // MARK: The event

  private func granted(_ line: Line) -> GrantedLine {
    let place = Int(line.product.rawValue) - 1
    return GrantedLine(
      line: line, unitPriceMinor: products[place].priceMinor, currency: products[place].currency)
  }

  ///     8 id  24 deadline u64  32 cashier u32  36 hold seconds u32  40 tender  41 zero  42 line count u16  44 zero u32
  ///     48 grant, then the event that placed each slice, u64 each
  func writeGrant(_ asked: Asked, deadlineMilliseconds: UInt64, by actor: ActorID, to writer: inout ByteWriter) {
    EventHead(kind: asked.isVend ? .vended : .reserved, actor: actor).write(to: &writer)
    writer.write(asked.id)
    writer.write(deadlineMilliseconds)
    writer.write(asked.sale.cashier)
    writer.write(asked.holdSeconds)
    writer.write(asked.sale.tender.rawValue)
    writer.write(UInt8(0))
    writer.write(UInt16(asked.lines.count))
    writer.write(UInt32(0))
    GrantReader.writePrefix(sliceCount: picks.count, to: &writer)
    for line in asked.lines { GrantReader.write(granted(line), to: &writer) }
    for pick in picks { GrantReader.write(line: pick.line, lot: pick.lot, extent: pick.extent, to: &writer) }
    for pick in picks { writer.write(pick.placedBy) }
  }

  mutating func applyGrant(
    _ event: RawSpan, _ eventHead: EventHead, sequence: UInt64, timeMilliseconds: UInt64,
    state: inout WriteTransaction
  ) throws(LMDBError) {
    let facts = GrantEvent(event)
    let isVend = eventHead.kind == .vended
    let grant = facts.grant
    for index in 0..<grant.sliceCount {
      let slice = grant.slice(index)
      let move = Move(
        extent: slice.extent, lot: slice.lot, placedBy: 0, from: .stock,
        condition: grant.line(Int(slice.line)).line.condition)
      try carryOut(move, to: isVend ? .delivered : .reserved, id: facts.id, by: sequence, state: &state)
    }
    var head = ReservationHead(
      state: isVend ? .delivered : .held, isVended: isVend, sale: facts.sale, actor: eventHead.actor,
      reservedAtMilliseconds: timeMilliseconds, deadlineMilliseconds: facts.deadlineMilliseconds,
      lineCount: UInt16(grant.lineCount), holdSeconds: facts.holdSeconds, createdBy: sequence)
    if isVend {
      head.dispensedAtMilliseconds = timeMilliseconds
      head.openedCount = grant.line(0).line.count
      countSale(grant, by: eventHead.actor)
    }
    changeTakings(of: eventHead.actor) { $0.take(grant, at: timeMilliseconds) }
    record.removeAll()
    head.write(to: &record)
    record.write(facts.grantBytes)
    let key = facts.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.ids)
    try watch(facts.id, head, &state)
  }
}

/// What reserve and vend both ask.
struct Asked {
  let id: RequestID
  let sale: Sale
  let holdSeconds: UInt32
  let isVend: Bool
  let lines: Few<Line>

  /// The first field in which it differs from what made a reservation.
  func firstDifference(from reservation: Reservation, isVended: Bool, holdSeconds: UInt32) -> Field? {
    if isVended != isVend { return .operation }
    if reservation.sale.cashier != sale.cashier { return .cashier }
    if reservation.sale.tender != sale.tender { return .tender }
    if holdSeconds != self.holdSeconds { return .holdTime }
    if reservation.lines.count != lines.count { return .lines }
    for (was, now) in zip(reservation.lines.map(\.line), lines) {
      if was.product != now.product { return .product }
      if was.count != now.count { return .count }
      if was.condition != now.condition { return .condition }
      if was.discountMinor != now.discountMinor { return .discount }
      if was.taxMinor != now.taxMinor { return .tax }
    }
    return nil
  }
}

/// Cards chosen for a line, from one piece of stock.
struct Pick {
  let line: UInt16
  let product: ProductID
  let lot: LotID
  let extent: Extent
  let placedBy: UInt64
  /// The last card of the piece of stock it is from, which tells pieces apart.
  let last: CardID
}

/// A reserved or vended event, read in place.
struct GrantEvent: ~Escapable {
  let event: RawSpan
  let id: RequestID
  let deadlineMilliseconds: UInt64
  let sale: Sale
  let holdSeconds: UInt32
  let lineCount: Int

  @_lifetime(copy event)
  init(_ event: RawSpan) {
    guard let tender = Tender(rawValue: event.unsafeLoad(fromByteOffset: 40, as: UInt8.self)) else {
      preconditionFailure("an event names a tender that does not exist")
    }
    self.event = event
    id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    deadlineMilliseconds = event.bigEndian(at: 24)
    sale = Sale(cashier: event.bigEndian(at: 32), tender: tender)
    holdSeconds = event.bigEndian(at: 36)
    lineCount = Int(event.bigEndian(at: 42) as UInt16)
  }

  /// The grant as the reservation's record holds it, too.
  var grantBytes: RawSpan {
    @_lifetime(copy self) get {
      let sliceCount = Int(event.bigEndian(at: 48) as UInt32)
      return event.extracting(48..<48 + GrantReader.byteCount(lines: lineCount, slices: sliceCount))
    }
  }

  var grant: GrantReader {
    @_lifetime(copy self) get { GrantReader(grantBytes, lineCount: lineCount) }
  }

  /// The event that had placed a slice's cards in stock.
  func placedBy(slice index: Int) -> UInt64 {
    event.bigEndian(at: 48 + grantBytes.byteCount + index * 8)
  }
}
