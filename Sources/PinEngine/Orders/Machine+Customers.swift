import LMDB
import PinBytes
import PinStore
import PinWords

/// Customers, and the showing of their payment cards: who they are is in documents; that they are, and trusted, is here.
extension Machine {
  func customer(_ id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> Customer? {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.customers) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try Customer(&reader) }
  }

  func decideFindCustomer(_ id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> Reply {
    guard let customer = try customer(id, state) else { return Reply(.orderRefused(.unknownCustomer)) }
    return Reply(.customer(customer))
  }

  func decideListCustomers(
    after: RequestID, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var customers: [Customer] = []
    let key = after.next.key
    var walk = try state.walk(tables.customers, from: key.span.bytes)
    while customers.count < Self.ordersPerPage {
      guard let entry = try walk.next() else { return Reply(.customers(customers, next: nil)) }
      customers.append(trusting(entry.value) { (reader) throws(ByteShortage) in try Customer(&reader) })
    }
    return Reply(.customers(customers, next: customers.last?.id))
  }

  mutating func decideDefineCustomer(
    _ define: CustomerChange, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard define.customer != .zero, define.customer != define.id else { return Reply(.refused(.invalid(.customer))) }
    guard define.document.isName else { return Reply(.refused(.invalid(.document))) }
    guard define.marks.count <= Mark.mostOfCustomer, define.marks.allSatisfy({ $0.digest.count == 16 }) else {
      return Reply(.refused(.invalid(.mark)))
    }
    var fields = FieldList()
    fields.add(.customer, define.customer)
    fields.add(.version, define.version)
    fields.add(.consent, UInt8(define.consents ? 1 : 0))
    fields.add(define.document)
    for mark in define.marks { fields.add(.mark, mark.bytes) }
    if let reply = try knownChange(define.id, .defineCustomer, fields, asker, state) { return reply }
    let before = try customer(define.customer, state)
    if before == nil, define.version != 0 { return Reply(.orderRefused(.unknownCustomer)) }
    guard before?.version ?? 0 == define.version else {
      return Reply(.orderRefused(.staleVersion(present: before?.version ?? 0)))
    }
    var after = before ?? Customer(id: define.customer, version: 0, consents: false, document: define.document)
    after.version += 1
    after.consents = define.consents
    after.document = define.document
    after.marks = define.marks
    var result = ByteWriter(capacity: 128)
    after.write(to: &result)
    if let before, before.document.id != define.document.id { result.write(before.document.id) }
    Self.beginChange(.customerDefined, define.id, fields, result: result, by: asker.id, &block)
    return try endChange(.defineCustomer, result: result, now, &block, &state)
  }

  mutating func applyCustomerDefined(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let customer = trusting(ChangeEvent(event).result) { (reader) throws(ByteShortage) in try Customer(&reader) }
    try putCustomer(customer, &state)
  }

  private mutating func putCustomer(
    _ customer: Customer, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    record.removeAll()
    customer.write(to: &record)
    let key = customer.id.key
    try state.put(record.bytes, for: key.span.bytes, in: tables.customers)
  }

  /// Changes what the journal knows of a customer; an order's event is the cause.
  mutating func changeCustomer(
    _ id: RequestID, _ state: inout WriteTransaction, _ change: (inout Customer) -> Void
  ) throws(LMDBError) {
    guard var customer = try customer(id, state) else {
      preconditionFailure("an order is of a customer that does not exist")
    }
    change(&customer)
    try putCustomer(customer, &state)
  }

  // MARK: Showing a payment card

  mutating func decideShowCard(
    _ show: ShowCard, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard show.reason.isReason else { return Reply(.refused(.invalid(.reason))) }
    var fields = FieldList()
    fields.add(.order, show.order)
    fields.add(.reason, show.reason)
    if let reply = try knownChange(show.id, .showCard, fields, asker, state) { return reply }
    guard let order = try order(show.order, state) else { return Reply(.orderRefused(.unknownOrder)) }
    guard let card = order.card else { return Reply(.orderRefused(.noCard)) }
    var result = ByteWriter(capacity: DocumentName.byteCount)
    card.document.write(to: &result)
    Self.beginChange(.cardShown, show.id, fields, result: result, by: asker.id, &block)
    return try endChange(.showCard, result: result, now, &block, &state)
  }
}
