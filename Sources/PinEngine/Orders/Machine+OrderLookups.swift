import LMDB
import PinBytes
import PinStore
import PinWords

/// Orders as they are looked at: one, a page of all or of a customer's, and those that wait for the gateway.
extension Machine {
  func order(_ id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> Order? {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.orders) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try Order(&reader) }
  }

  mutating func decideFindOrder(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let order = try order(id, state) else { return Reply(.orderRefused(.unknownOrder)) }
    guard order.actor == asker.id || asker.roles.mayUseOthersIDs else { return Reply(.refused(.notYours)) }
    let reservation = try wholeReservation(id, at: now, state)
    let delivered = try deliveredCards(of: id, state)
    return Reply(
      .order(
        FoundOrder(order: order, lines: reservation.lines, delivered: delivered, cards: moves.map(\.extent))))
  }

  /// The most orders that are looked at for one page.
  static let ordersPerPage = 256

  func decideListOrders(
    after: RequestID, onlyPending: Bool, _ asker: Asker, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [Order] = []
    var last = RequestID.zero
    let key = after.next.key
    var walk = try state.walk(onlyPending ? tables.reviews : tables.orders, from: key.span.bytes)
    for _ in 0..<Self.ordersPerPage {
      guard let entry = try walk.next() else { return Reply(.orders(orders, next: nil)) }
      last = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
      guard let order = try order(last, state) else { continue }
      let mayBeSeen = order.actor == asker.id || asker.roles.mayUseOthersIDs
      if mayBeSeen, order.axes.fulfilment != .deleted { orders.append(order) }
    }
    return Reply(.orders(orders, next: last))
  }

  func decideListOrders(
    of customer: RequestID, after: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [Order] = []
    let start = customer.bytes + after.next.bytes
    var walk = try state.walk(tables.bought, from: start.span.bytes)
    var last: RequestID?
    for _ in 0..<Self.ordersPerPage {
      guard let entry = try walk.next(), entry.key.bigEndian(at: 0) as UInt64 == customer.high,
        entry.key.bigEndian(at: 8) as UInt64 == customer.low
      else { return Reply(.orders(orders, next: nil)) }
      let id = RequestID(high: entry.key.bigEndian(at: 16), low: entry.key.bigEndian(at: 24))
      last = id
      if let order = try order(id, state), order.axes.fulfilment != .deleted { orders.append(order) }
    }
    return Reply(.orders(orders, next: last))
  }

  /// The most orders that are handed out at once to whoever asks the gateway.
  static let paymentsPerPage = 32

  func decideWaitingPayments(
    after: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var orders: [Order] = []
    let key = after.next.key
    var walk = try state.walk(tables.payments, from: key.span.bytes)
    while orders.count < Self.paymentsPerPage, let entry = try walk.next() {
      let id = RequestID(high: entry.key.bigEndian(at: 0), low: entry.key.bigEndian(at: 8))
      if let order = try order(id, state) { orders.append(order) }
    }
    return Reply(.orders(orders, next: orders.count == Self.paymentsPerPage ? orders.last?.id : nil))
  }

  /// How many cards of each line are in the order's delivery; `moves` are these cards.
  mutating func deliveredCards(
    of id: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> [UInt64] {
    try gatherAll(of: id, as: .delivered, state)
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return [] }
    var cards = CardsOfLines(GrantReader(record: record, head: ReservationHead(record)))
    for move in moves { cards.add(move.extent) }
    return cards.counts
  }
}
