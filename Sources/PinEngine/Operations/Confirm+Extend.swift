import LMDB
import PinBytes
import PinStore
import PinWords

/// Making a delivery final, and keeping a hold longer; both idempotent by the reservation's state.
extension Machine {
  mutating func decideConfirm(
    _ id: RequestID, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let known = try reservation(id, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    switch head.state {
    case .confirmed:
      return Reply(
        .state(.confirmed, deadlineMilliseconds: head.deadlineMilliseconds), sequence: head.changedBy, isRepeat: true)
    case .delivered:
      block.beginEvent()
      EventHead(kind: .confirmed, actor: asker.id).write(to: &block.writer)
      block.writer.write(id)
      let sequence = block.endEvent()
      try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
      return Reply(.state(.confirmed, deadlineMilliseconds: head.deadlineMilliseconds), sequence: sequence)
    case .held, .released, .expired, .reversed, .quarantined:
      return Reply(.refused(.wrongState(head.state)))
    }
  }

  mutating func applyConfirmed(
    _ event: RawSpan, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    try changeHead(of: id, &state) { head in
      head.state = .confirmed
      head.changedBy = sequence
    }
  }

  mutating func decideExtend(
    _ extend: Extend, _ asker: Asker, _ now: UInt64, _ block: inout Block, _ state: inout WriteTransaction
  ) throws(LMDBError) -> Reply {
    let longest = now + UInt64(limits.longestHoldSeconds) * 1000
    guard extend.deadlineMilliseconds <= longest else { return Reply(.refused(.invalid(.deadline))) }
    let known = try reservation(extend.reservation, asker, at: now, state)
    guard case .known(let head) = known else { return known.reply }
    guard head.state != .expired else { return Reply(.refused(.deadlinePassed)) }
    guard head.state == .held else { return Reply(.refused(.wrongState(head.state))) }
    let outcome = Outcome.state(.held, deadlineMilliseconds: extend.deadlineMilliseconds)
    guard extend.deadlineMilliseconds != head.deadlineMilliseconds else {
      return Reply(outcome, sequence: head.changedBy, isRepeat: true)
    }
    guard extend.deadlineMilliseconds > now else { return Reply(.refused(.invalid(.deadline))) }
    block.beginEvent()
    EventHead(kind: .extended, actor: asker.id).write(to: &block.writer)
    block.writer.write(extend.reservation)
    block.writer.write(extend.deadlineMilliseconds)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, timeMilliseconds: now, state: &state)
    return Reply(outcome, sequence: sequence)
  }

  mutating func applyExtended(
    _ event: RawSpan, sequence: UInt64, state: inout WriteTransaction
  ) throws(LMDBError) {
    let id = RequestID(high: event.bigEndian(at: 8), low: event.bigEndian(at: 16))
    let deadline: UInt64 = event.bigEndian(at: 24)
    try changeHead(of: id, &state) { head in
      head.deadlineMilliseconds = deadline
      head.changedBy = sequence
    }
  }
}
