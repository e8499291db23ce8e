import LMDB
import PinBytes
import PinStore
import PinWords

/// The outbox: a mail waits here as part of the event that caused it, until an event says that it was sent.
///
/// An attempt's event:   8 cause u64  16 outcome  17 five zero bytes  22 attempts u16  24 not before u64
extension Machine {
  /// How many mails are handed out at once.
  static let mailsPerPage = 32

  mutating func putMail(_ mail: WaitingMail, _ state: inout WriteTransaction) throws(LMDBError) {
    record.removeAll()
    mail.write(to: &record)
    let key = InlineArray<1, UInt64>(repeating: mail.cause.bigEndian)
    try state.put(record.bytes, for: key.span.bytes, in: tables.mail)
  }

  private func mail(_ cause: UInt64, _ state: borrowing WriteTransaction) throws(LMDBError) -> WaitingMail? {
    let key = InlineArray<1, UInt64>(repeating: cause.bigEndian)
    guard let record = try state.value(for: key.span.bytes, in: tables.mail) else { return nil }
    return trusting(record) { (reader) throws(ByteShortage) in try WaitingMail(cause: cause, &reader) }
  }

  /// The mails that may be tried now and when the next one may; or the dead ones.
  func decideWaitingMail(
    isDead: Bool, _ now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reply {
    var mails: [WaitingMail] = []
    var next = UInt64.max
    var walk = try state.walk(tables.mail)
    while mails.count < Self.mailsPerPage, let entry = try walk.next() {
      let cause: UInt64 = entry.key.bigEndian(at: 0)
      let mail = trusting(entry.value) { (reader) throws(ByteShortage) in try WaitingMail(cause: cause, &reader) }
      guard mail.isDead == isDead else { continue }
      if isDead || mail.notBeforeMilliseconds <= now {
        mails.append(mail)
      } else {
        next = min(next, mail.notBeforeMilliseconds)
      }
    }
    return Reply(.mails(mails, nextMilliseconds: next))
  }

  mutating func decideNoteMail(
    _ cause: UInt64, _ outcome: MailOutcome, notBefore: UInt64, _ asker: Asker, _ now: UInt64, _ block: inout Block,
    _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    // Noted already, by an attempt whose answer was lost.
    guard let mail = try mail(cause, state), !mail.isDead else { return Reply(.done, isRepeat: true) }
    block.beginEvent()
    EventHead(kind: .mailTried, actor: asker.id).write(to: &block.writer)
    block.writer.write(cause)
    block.writer.write(outcome.rawValue)
    block.writer.writeZeros(5)
    block.writer.write(mail.attempts == .max ? .max : mail.attempts + 1)
    block.writer.write(outcome == .deferred ? notBefore : 0)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(.done, sequence: sequence)
  }

  mutating func applyMailTried(_ event: RawSpan, state: inout WriteTransaction) throws(LMDBError) {
    let cause: UInt64 = event.bigEndian(at: 8)
    guard let outcome = MailOutcome(rawValue: event.unsafeLoad(fromByteOffset: 16, as: UInt8.self)),
      var mail = try mail(cause, state)
    else { preconditionFailure("an event is about a mail that does not wait") }
    mail.attempts = event.bigEndian(at: 22)
    mail.notBeforeMilliseconds = event.bigEndian(at: 24)
    mail.isDead = outcome == .givenUp
    if outcome == .sent {
      let key = InlineArray<1, UInt64>(repeating: cause.bigEndian)
      _ = try state.remove(key.span.bytes, in: tables.mail)
    } else {
      try putMail(mail, &state)
    }
  }
}
