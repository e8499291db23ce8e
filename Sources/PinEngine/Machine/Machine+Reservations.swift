import LMDB
import PinBytes
import PinWords

/// Finding and changing the record of a reservation.
extension Machine {
  /// What an id is to who asks for it as a reservation.
  enum Known {
    case known(ReservationHead)
    case refused(Refusal)

    /// The refusal as a reply; there must be one.
    var reply: Reply {
      guard case .refused(let refusal) = self else { preconditionFailure("a known reservation is no refusal") }
      return Reply(.refused(refusal))
    }
  }

  /// The head of a reservation that the asker may use, as it stands at a time: a dead hold is expired, whether or not the
  /// sweeper has been there (law 7). A tombstone is known, too: it has no lines.
  func reservation(
    _ id: RequestID, _ asker: Asker, at now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Known {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else { return .refused(.unknownID) }
    guard record.unsafeLoad(as: UInt8.self) == ReservationHead.kind else { return .refused(.idReused(.operation)) }
    var head = ReservationHead(record)
    guard head.actor == asker.id || asker.roles.mayUseOthersIDs else { return .refused(.notYours) }
    head.state = head.state(at: now)
    // The cards of an order go where the order goes; only what a restore has quarantined is for an operator to settle.
    guard !head.isOrdered || asker.id == .store || head.state == .quarantined else { return .refused(.notYours) }
    return .known(head)
  }

  /// All of a reservation that is known to exist, as it stands at a time.
  func wholeReservation(
    _ id: RequestID, at now: UInt64, _ state: borrowing WriteTransaction
  ) throws(LMDBError) -> Reservation {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids) else {
      preconditionFailure("a reservation has no record")
    }
    return Reservation(id: id, record: record, atMilliseconds: now)
  }

  /// The head of a reservation that is known to exist.
  func head(of id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) -> ReservationHead {
    let key = id.key
    guard let record = try state.value(for: key.span.bytes, in: tables.ids),
      record.unsafeLoad(as: UInt8.self) == ReservationHead.kind
    else { preconditionFailure("a reservation has no record") }
    return ReservationHead(record)
  }

  /// Changes the head of a reservation; what it was granted stays.
  @discardableResult
  mutating func changeHead(
    of id: RequestID, _ state: inout WriteTransaction, _ change: (inout ReservationHead) -> Void
  ) throws(LMDBError) -> ReservationHead {
    let key = id.key
    let before = try head(of: id, state)
    var head = before
    change(&head)
    record.removeAll()
    head.write(to: &record)
    try copyGrant(of: id, state)
    try state.put(record.bytes, for: key.span.bytes, in: tables.ids)
    if due(head) != due(before) {
      try unwatch(id, before, &state)
      try watch(id, head, &state)
    }
    return head
  }

  private mutating func copyGrant(of id: RequestID, _ state: borrowing WriteTransaction) throws(LMDBError) {
    let key = id.key
    guard let old = try state.value(for: key.span.bytes, in: tables.ids) else { return }
    record.write(old.extracting(ReservationHead.byteCount..<old.byteCount))
  }

  /// When time alone ends something of a reservation: a hold at its deadline, the memory of one that was given up.
  /// 0 for never.
  func due(_ head: ReservationHead) -> UInt64 {
    if head.state == .held { return head.deadlineMilliseconds }
    // An order's record stays.
    if head.isOrdered { return 0 }
    return head.settledAtMilliseconds == 0 ? 0 : head.settledAtMilliseconds + rememberedMilliseconds
  }

  /// Has the sweeper look at a reservation when it is due. Every record that is put, changed or removed is watched,
  /// watched anew or unwatched with it: the table holds one entry for each that is due some time, and no other.
  mutating func watch(
    _ id: RequestID, _ head: ReservationHead, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    let due = due(head)
    guard due != 0 else { return }
    let key = DeadlineKey(timeMilliseconds: due, id: id).bytes
    let nothing: [UInt8] = []
    try state.put(nothing.span.bytes, for: key.span.bytes, in: tables.deadlines)
  }

  mutating func unwatch(
    _ id: RequestID, _ head: ReservationHead, _ state: inout WriteTransaction
  ) throws(LMDBError) {
    let due = due(head)
    guard due != 0 else { return }
    let key = DeadlineKey(timeMilliseconds: due, id: id).bytes
    let wasThere = try state.remove(key.span.bytes, in: tables.deadlines)
    precondition(wasThere, "a reservation that is due some time was not watched")
  }

  /// When the first reservation is to be looked at again; nil for never.
  func nextDeadline(_ state: borrowing WriteTransaction) throws(LMDBError) -> UInt64? {
    guard let entry = try state.firstEntry(in: tables.deadlines) else { return nil }
    return DeadlineKey(entry.key).timeMilliseconds
  }

  /// How long settled holds and tombstones are remembered, in milliseconds.
  var rememberedMilliseconds: UInt64 { UInt64(limits.rememberedDays) * 86_400_000 }
}

extension GrantReader {
  /// The grant in a reservation's record.
  @_lifetime(copy record)
  init(record: RawSpan, head: ReservationHead) {
    self.init(
      record.extracting(ReservationHead.byteCount..<record.byteCount), lineCount: Int(head.lineCount))
  }
}
