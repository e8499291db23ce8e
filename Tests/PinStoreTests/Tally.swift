import Glibc
import LMDB
import PinBytes
import Synchronization
import Testing

@testable import PinStore

/// A toy machine: named counters in a table, an index of them by value, and a total kept in memory between checkpoints.
///
/// An event is a name and the amount it was raised by.
struct Tally: StateMachine, ~Copyable {
  enum Request: Sendable {
    case add(name: String, amount: UInt64, id: Int = 0)
    case look(name: String, id: Int = 0)
    /// Applies so many filler records, to use up the map.
    case fill(byteCount: Int, id: Int = 0)

    var id: Int {
      switch self {
      case .add(_, _, let id), .look(_, let id), .fill(_, let id): id
      }
    }
  }

  enum Outcome: Sendable, Equatable {
    case value(UInt64, sequence: UInt64)
    case refused
    case turnedAway(StoreRefusal)
  }

  struct Answer: Sendable, Equatable {
    let id: Int
    let outcome: Outcome
  }

  /// Where answers go, and what a test watches and steers.
  final class Context: Sendable {
    struct State: Sendable {
      var answers: [Answer] = []
      var deliveries = 0
      var abandonments = 0
      var published: [String: UInt64] = [:]
      var expiring = 0
      /// Sweeps that are yet to change a derived table without an event.
      var trimming = 0
      var recoveries = 0
      var recoveryEvents = 0
    }
    let state = Monitor(State())

    /// Waits for so many answers in all, and returns their outcomes in the order in which they came.
    func outcomes(count: Int) -> [Outcome] {
      let outcomes = state.wait(atMost: Self.patience) { $0.answers.count >= count ? $0.answers.map(\.outcome) : nil }
      if let outcomes { return outcomes }
      Issue.record("\(count) answers never came")
      return Array(repeating: .refused, count: count)
    }

    /// Waits for the answer to one request.
    func outcome(of id: Int) -> Outcome {
      let outcome = state.wait(atMost: Self.patience) { $0.answers.last { $0.id == id }?.outcome }
      if let outcome { return outcome }
      Issue.record("the answer to \(id) never came")
      return .refused
    }

    /// A store that never answers must fail the test and not hang it.
    private static let patience: UInt64 = 30_000_000_000
  }

  static let tables = [
    Table.Spec(name: "counters"), Table.Spec(name: "byValue"), Table.Spec(name: "totals"),
    Table.Spec(name: "filler", hasIntegerKeys: true),
  ]
  static let digestedTables = [0, 2, 3]
  static let payloadTables = [Table.Spec(name: "notes")]

  private let tables: [Table]
  private var total: UInt64 = 0
  private var changed: [String: UInt64] = [:]
  private var context: Context?

  init(tables: [Table], state: inout WriteTransaction) throws {
    self.tables = tables
    if let bytes = try state.value(for: Self.totalKey.span.bytes, in: tables[2]) {
      var reader = ByteReader(bytes)
      total = try reader.read()
    }
  }

  private static let totalKey = Array("total".utf8)

  mutating func attach(_ context: Context, state: inout WriteTransaction) throws { self.context = context }

  mutating func recovered(payload: Payload, state: inout WriteTransaction, into block: inout Block) throws {
    let count = context!.state.withLock { state in
      state.recoveries += 1
      return state.recoveryEvents
    }
    for _ in 0..<count { _ = try add("recovered", 1, into: &block, state: &state) }
  }

  mutating func sweep(
    at moment: Moment, limit: Int, into block: inout Block, state: inout WriteTransaction
  ) throws(LMDBError) {
    let due = context!.state.withLock { state in
      let due = min(limit, state.expiring)
      state.expiring -= due
      return due
    }
    let trimmed = context!.state.withLock { state in
      let trimmed = state.trimming
      state.trimming = max(0, trimmed - 1)
      return trimmed
    }
    if trimmed > 0 {
      try state.put([UInt8]().span.bytes, for: [UInt8](bigEndian: UInt64(trimmed)).span.bytes, in: tables[1])
    }
    for _ in 0..<due { _ = try add("swept", 1, into: &block, state: &state) }
  }

  mutating func nextDueMilliseconds(state: inout WriteTransaction) throws(LMDBError) -> UInt64 { .max }

  mutating func perform(
    _ requests: ArraySlice<Request>, at moment: Moment, into block: inout Block, state: inout WriteTransaction,
    answers: inout [Answer]
  ) throws(LMDBError) {
    for request in requests where !block.isFull {
      answers.append(try answer(to: request, at: moment, into: &block, state: &state))
    }
  }

  private mutating func answer(
    to request: Request, at moment: Moment, into block: inout Block, state: inout WriteTransaction
  ) throws(LMDBError) -> Answer {
    let outcome: Outcome
    switch request {
    case .look(let name, _):
      outcome = .value(try value(of: name, state), sequence: block.nextSequence - 1)
    case .add where !moment.allowsChanges, .fill where !moment.allowsChanges:
      outcome = .refused
    case .add(let name, let amount, _):
      let sequence = try add(name, amount, into: &block, state: &state)
      outcome = .value(try value(of: name, state), sequence: sequence)
    case .fill(let byteCount, _):
      outcome = .value(UInt64(byteCount), sequence: try add("", UInt64(byteCount), into: &block, state: &state))
    }
    return Answer(id: request.id, outcome: outcome)
  }

  mutating func replay(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws {
    try apply(event, sequence: sequence, state: &state)
  }

  mutating func flush(into state: inout WriteTransaction) throws(LMDBError) {
    try state.put([UInt8](bigEndian: total).span.bytes, for: Self.totalKey.span.bytes, in: tables[2])
  }

  mutating func deliver(_ answers: inout [Answer]) {
    let changed = changed
    self.changed = [:]
    context!.state.withLock { state in
      state.deliveries += 1
      state.published.merge(changed) { $1 }
      state.answers += answers
    }
    context!.state.wake()
  }

  mutating func abandon(_ answers: inout [Answer]) {
    context!.state.withLock { state in
      state.abandonments += 1
      state.answers += answers
    }
    context!.state.wake()
  }

  func turnAway(_ request: borrowing Request, because refusal: StoreRefusal) -> Answer {
    Answer(id: request.id, outcome: .turnedAway(refusal))
  }

  // MARK: The fold

  private mutating func add(
    _ name: String, _ amount: UInt64, into block: inout Block, state: inout WriteTransaction
  ) throws(LMDBError) -> UInt64 {
    block.beginEvent()
    block.writer.write(shortString: name)
    block.writer.write(amount)
    let sequence = block.endEvent()
    try apply(block.lastEvent, sequence: sequence, state: &state)
    changed[name] = try value(of: name, state)
    return sequence
  }

  private mutating func apply(_ event: RawSpan, sequence: UInt64, state: inout WriteTransaction) throws(LMDBError) {
    var reader = ByteReader(event)
    guard let name = try? reader.readShortString(), let amount: UInt64 = try? reader.read() else {
      throw LMDBError(code: EINVAL, operation: "read event")
    }
    if name.isEmpty {
      for index in 0..<amount / 1000 {
        let filler = [UInt8](repeating: 7, count: 1000)
        try state.put(filler.span.bytes, for: sequence << 24 | index, in: tables[3])
      }
      return
    }
    let old = try value(of: name, state)
    let key = Array(name.utf8)
    _ = try state.remove(([UInt8](bigEndian: old) + key).span.bytes, in: tables[1])
    let new = old &+ amount
    try state.put([UInt8](bigEndian: new).span.bytes, for: key.span.bytes, in: tables[0])
    try state.put([UInt8]().span.bytes, for: ([UInt8](bigEndian: new) + key).span.bytes, in: tables[1])
    total &+= amount
  }

  private func value(of name: String, _ state: borrowing WriteTransaction) throws(LMDBError) -> UInt64 {
    guard let bytes = try state.value(for: Array(name.utf8).span.bytes, in: tables[0]) else { return 0 }
    return UInt64(bigEndian: bytes.unsafeLoadUnaligned(as: UInt64.self))
  }
}

extension [UInt8] {
  init(bigEndian value: UInt64) { self = Swift.withUnsafeBytes(of: value.bigEndian) { Array($0) } }
}
