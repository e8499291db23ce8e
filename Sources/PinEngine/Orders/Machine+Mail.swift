import LMDB
import PinBytes
import PinStore
import PinWords

/// The outbox: a mail waits here as part of the event that caused it, until an event says that it was sent.
///
/// Beside it is the line in which mails wait, so that whoever asks for those that are due looks at no others.
///
/// An attempt's event:   8 cause u64  16 outcome  17 zero  18 product u32  22 attempts u16  24 not before u64
extension Machine {
  /// How many mails are handed out at once.
  static let mailsPerPage = 32

  /// A mail that stands nowhere in line.
  mutating func putMail(_ mail: WaitingMail, _ state: inout WriteTransaction) throws(LMDBError) {
    record.removeAll()
    mail.write(to: &record)
    let key = MailName(mail).key
    try state.put(record.bytes, for: key.span.bytes, in: tables.mail)
    let place = MailPlace(mail).key
    try state.put([UInt8]().span.bytes, for: place.span.bytes, in: tables.mailDue)
  }

  private func mail(_ name: MailName, _ state: borrowing WriteTransaction) throws(LMDBError) -> WaitingMail? {
    let key = name.key
    guard let record = try state.value(for: key.span.bytes, in: tables.mail) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try WaitingMail(name, &reader) }
  }

  private func mail(at place: MailPlace, _ state: borrowing WriteTransaction) throws(LMDBError) -> WaitingMail {
    guard let mail = try mail(place.name, state) else { preconditionFailure("a mail stands in line that is not there") }
    return mail
  }

  func waits(_ name: MailName, _ state: borrowing WriteTransaction) throws(LMDBError) -> Bool {
    try mail(name, state) != nil
  }

  /// The mails that may be tried now, the one due first first, and when the next may.
  func decideDueMails(_ now: UInt64, _ state: borrowing WriteTransaction) throws(LMDBError) -> Reply {
    var mails: [WaitingMail] = []
    var next = UInt64.max
    var walk = try state.walk(tables.mailDue)
    while mails.count < Self.mailsPerPage, let entry = try walk.next() {
      let place = MailPlace(entry.key)
      guard !place.isDead else { break }
      guard place.dueMilliseconds <= now else {
        next = place.dueMilliseconds
        break
      }
      mails.append(try mail(at: place, state))
    }
    return Reply(.dueMails(mails, nextMilliseconds: next))
  }

  /// A page of the mails that were given up, the one given up first first, after one.
  func decideDeadMails(
    after: MailName?, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var start = MailPlace(isDead: true, dueMilliseconds: 0, name: MailName(cause: 0, product: ProductID(0)))
    if let after {
      guard let mail = try mail(after, state), mail.isDead else { return Reply(.orderRefused(.unknownMail)) }
      start = MailPlace(mail)
    }
    var mails: [WaitingMail] = []
    let key = start.key
    var walk = try state.walk(tables.mailDue, from: key.span.bytes)
    while let entry = try walk.next() {
      let place = MailPlace(entry.key)
      if place.name == after { continue }
      guard mails.count < Self.mailsPerPage else {
        return Reply(.deadMails(mails, next: mails.last.map { MailName($0) }))
      }
      mails.append(try mail(at: place, state))
    }
    return Reply(.deadMails(mails, next: nil))
  }

  mutating func decideNoteMail(
    _ name: MailName, _ outcome: MailOutcome, notBefore: UInt64, _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    // Noted already, by an attempt whose answer was lost.
    guard let mail = try mail(name, state), !mail.isDead else { return Reply(.done, isRepeat: true) }
    // The mail itself was not tried yet.
    let attempts = outcome == .cardSent ? 0 : mail.attempts == .max ? .max : mail.attempts + 1
    var reply = try note(name, outcome, attempts, notBefore: notBefore, asker, now, &block, &state)
    // Nobody reads a letter any more that waits no more.
    if outcome.isLast, let letter = mail.letter { reply.replaces = [letter.id] }
    return reply
  }

  mutating func decideSendAgain(
    _ name: MailName, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard let mail = try mail(name, state) else { return Reply(.orderRefused(.unknownMail)) }
    guard mail.isDead else { return Reply(.done, isRepeat: true) }
    return try note(name, .again, 0, notBefore: 0, asker, now, &block, &state)
  }

  private mutating func note(
    _ name: MailName, _ outcome: MailOutcome, _ attempts: UInt16, notBefore: UInt64, _ asker: Asker, _ now: UInt64,
    _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    block.beginEvent()
    EventHead(kind: .mailTried, actor: asker.id).write(to: &block.writer)
    block.writer.write(name.cause)
    block.writer.write(outcome.rawValue)
    block.writer.writeZeros(1)
    block.writer.write(name.product.rawValue)
    block.writer.write(attempts)
    block.writer.write(outcome == .deferred ? notBefore : 0)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.done, sequence: sequence)
  }

  mutating func applyMailTried(
    _ event: RawSpan, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let name = MailName(cause: event.bigEndian(at: 8), product: ProductID(event.bigEndian(at: 18)))
    guard let outcome = MailOutcome(rawValue: event.unsafeLoad(fromByteOffset: 16, as: UInt8.self)),
      var mail = try mail(name, state)
    else { preconditionFailure("an event is about a mail that does not wait") }
    let place = MailPlace(mail).key
    _ = try state.remove(place.span.bytes, in: tables.mailDue)
    if outcome.isLast {
      let key = name.key
      _ = try state.remove(key.span.bytes, in: tables.mail)
      return
    }
    mail.attempts = event.bigEndian(at: 22)
    mail.dueMilliseconds = outcome == .deferred ? event.bigEndian(at: 24) : timeMilliseconds
    mail.isDead = outcome == .givenUp
    if outcome == .cardSent { mail.isCardSent = true }
    try putMail(mail, &state)
  }

  // MARK: Marketing

  mutating func decideMailCustomer(
    _ mail: CustomerMail, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    guard mail.letter.isName else { return Reply(.refused(.invalid(.document))) }
    var fields = FieldList()
    fields.add(.customer, mail.customer)
    fields.add(mail.letter)
    if let reply = try knownChange(mail.id, .sendMail, fields, asker, state) { return reply }
    guard let customer = try customer(mail.customer, state) else { return Reply(.orderRefused(.unknownCustomer)) }
    guard customer.consents, !customer.isBarred else { return Reply(.orderRefused(.noConsent)) }
    var result = ByteWriter(capacity: 16 + DocumentName.byteCount)
    result.write(mail.customer)
    mail.letter.write(to: &result)
    Self.beginChange(.customerMailed, mail.id, fields, result: result, by: asker.id, &block)
    return try endChange(.sendMail, result: result, now, &block, &state)
  }

  mutating func applyCustomerMailed(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let mail = trusting(ChangeEvent(event).result) { (reader) throws(ByteShortage) in
      let customer = try reader.readRequestID()
      return WaitingMail(
        cause: sequence, letter: try DocumentName(&reader), to: customer, dueMilliseconds: timeMilliseconds)
    }
    try putMail(mail, &state)
  }
}

/// What tells a mail from others: the event that caused it, and of a warning the product, as `17` or `17-3`.
public struct MailName: Hashable, Sendable, LosslessStringConvertible {
  public var cause: UInt64
  /// 0 but for a warning of low stock.
  public var product: ProductID

  public init(_ mail: WaitingMail) { self.init(cause: mail.cause, product: mail.product) }

  init(cause: UInt64, product: ProductID) {
    self.cause = cause
    self.product = product
  }

  public init?(_ description: String) {
    let parts = description.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
    guard (1...2).contains(parts.count), let cause = parts[0], let product = parts.count == 2 ? parts[1] : 0,
      let product = UInt32(exactly: product)
    else { return nil }
    self.init(cause: cause, product: ProductID(product))
    guard "\(self)" == description else { return nil }
  }

  public var description: String { product.rawValue == 0 ? "\(cause)" : "\(cause)-\(product)" }

  init(_ key: RawSpan) { self.init(cause: key.bigEndian(at: 0), product: ProductID(key.bigEndian(at: 8))) }

  /// 12 bytes, big-endian.
  var key: InlineArray<12, UInt8> {
    var key = InlineArray<12, UInt8>(repeating: 0)
    var span = key.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: cause.bigEndian, toByteOffset: 0, as: UInt64.self)
    bytes.storeBytes(of: product.rawValue.bigEndian, toByteOffset: 8, as: UInt32.self)
    return key
  }
}

/// Where a mail stands in line: those that wait by when they are due, and behind them those that were given up.
struct MailPlace {
  static let byteCount = 21
  let isDead: Bool
  let dueMilliseconds: UInt64
  let name: MailName

  init(isDead: Bool, dueMilliseconds: UInt64, name: MailName) {
    (self.isDead, self.dueMilliseconds, self.name) = (isDead, dueMilliseconds, name)
  }

  init(_ mail: WaitingMail) {
    self.init(isDead: mail.isDead, dueMilliseconds: mail.dueMilliseconds, name: MailName(mail))
  }

  init(_ key: RawSpan) {
    precondition(key.byteCount == Self.byteCount, "a place in the line of mails has 21 bytes")
    self.init(
      isDead: key.unsafeLoad(fromByteOffset: 0, as: UInt8.self) != 0, dueMilliseconds: key.bigEndian(at: 1),
      name: MailName(key.extracting(9..<Self.byteCount)))
  }

  /// Big-endian.
  var key: InlineArray<21, UInt8> {
    var key = InlineArray<21, UInt8>(repeating: 0)
    var span = key.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: isDead ? 1 : 0, toByteOffset: 0, as: UInt8.self)
    bytes.storeBytes(of: dueMilliseconds.bigEndian, toByteOffset: 1, as: UInt64.self)
    bytes.storeBytes(of: name.cause.bigEndian, toByteOffset: 9, as: UInt64.self)
    bytes.storeBytes(of: name.product.rawValue.bigEndian, toByteOffset: 17, as: UInt32.self)
    return key
  }
}
