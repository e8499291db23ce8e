import Benchmark
import Foundation
import LMDB
import PinBytes
import PinWords
import Synchronization

@testable import PinEngine
@testable import PinStore

/// What the writer does with a batch of 512 vends, a stage at a time, on the benchmark's own thread: no queue, no checkpoint.
///
/// Each batch has a transaction of its own, so that each puts new pages into LMDB, which the writer does only after a checkpoint.
func writerStages() {
  writerStage("Machine: decide and apply 512 vends") { benchmark, writer in
    try writer.decide(512) { perform in try benchmark.counted(perform) }
  }
  writerStage("Machine: apply 512 vends") { benchmark, writer in
    try writer.decide(512) { perform in try perform() }
    try writer.follow { replay in try benchmark.counted(replay) }
  }
  writerStage("Journal: append a block of 512 vends") { benchmark, writer in
    try writer.decide(512) { perform in try perform() }
    try benchmark.counted { try writer.append() }
  }
}

private func writerStage(_ name: String, _ body: @escaping @Sendable (Benchmark, StagedWriter) throws -> Void) {
  Benchmark(name, configuration: Counted.configuration([Counted.allocations], iterations: 400)) {
    (benchmark: Benchmark, writer: StagedWriter) throws in
    try body(benchmark, writer)
  } setup: {
    try await StagedWriter(cards: 300_000)
  } teardown: {
    StagedWriter.removeAll()
  }
}

/// A store that nobody serves, and a second one that is what it was: one decides, the other applies what it is told.
///
/// A benchmark uses it from one thread at a time.
private final class StagedWriter: @unchecked Sendable {
  private var leader: Machine
  private var follower: Machine
  private let database: StateDatabase
  private let twin: StateDatabase
  private var journal: JournalAppender
  private var block: Block
  private let till: ActorID
  private let product: ProductID
  private var lastID: UInt64 = 0

  init(cards: Int) async throws {
    let stage = try await EngineStage(cards: cards)
    stage.engine.stop()
    let copies = [try Scratch.make(), try Scratch.make()]
    Self.directories.withLock { $0 += copies }
    for copy in copies { try stage.copy(to: copy) }
    stage.end()
    (till, product) = (stage.till, stage.product)
    database = try Self.database(in: copies[0])
    twin = try Self.database(in: copies[1])
    leader = try Self.machine(database)
    follower = try Self.machine(twin)
    guard let head = try database.lastCheckpoint() else { throw Unexpected() }
    let directory = try JournalDirectory(opening: "\(copies[0])/journal")
    let preparer = SegmentPreparer(
      directory, ready: try directory.segmentNumbers().upperBound, current: head.end.segment)
    journal = try JournalAppender.open(directory, head: head, preparer: preparer, calls: .real)
    block = Block(nextSequence: head.sequence + 1, largestByteCount: directory.shape.largestBlockByteCount)
  }

  private static func database(in directory: String) throws -> StateDatabase {
    try StateDatabase(at: "\(directory)/state", tables: Machine.tables, mapByteCount: 1 << 34, readers: 8)
  }

  private static func machine(_ database: StateDatabase) throws -> Machine {
    var state = try database.environment.beginWrite()
    let machine = try Machine(tables: database.tables, state: &state)
    state.abort()
    return machine
  }

  /// Decides so many vends in one batch; `measured` is to do just what it is handed.
  func decide(_ count: Int, measured: (() throws -> Void) throws -> Void) throws {
    let submissions = (0..<count).map { number in
      lastID += 1
      let vend = Vend(id: RequestID(high: 8, low: lastID), line: Line(product: product, count: 1))
      return Submission(actor: till, command: .vend(vend), ticket: UInt64(number), sink: AnswerSink { _ in })
    }[...]
    let moment = Moment(timeMilliseconds: block.timeMilliseconds + 1, allowsChanges: true)
    var answers: [Answered] = []
    answers.reserveCapacity(count)
    var state = try database.environment.beginWrite()
    block.begin(nextSequence: block.nextSequence, timeMilliseconds: moment.timeMilliseconds)
    try measured {
      try leader.perform(submissions, at: moment, into: &block, state: &state, answers: &answers)
    }
    try state.commit()
    guard block.eventCount == count else { throw Unexpected() }
  }

  /// Applies the events of the last batch to the other store.
  func follow(measured: (() throws -> Void) throws -> Void) throws {
    let events = Array(block.writer.bytes)
    var state = try twin.environment.beginWrite()
    try measured {
      let bytes = events.span.bytes
      var offset = BlockHeader.byteCount
      var sequence = block.nextSequence - UInt64(block.eventCount)
      while offset < bytes.byteCount {
        let count = Int(bytes.bigEndian(at: offset) as UInt32)
        offset += MemoryLayout<UInt32>.size
        try follower.replay(
          bytes.extracting(offset..<offset + count), sequence: sequence, timeMilliseconds: block.timeMilliseconds,
          state: &state)
        offset += count
        sequence += 1
      }
    }
    try state.commit()
  }

  /// Seals the last batch's block, writes it and syncs it.
  func append() throws { _ = try journal.append(&block) }

  private static let directories = Mutex<[String]>([])

  /// Removes what all of them have made.
  static func removeAll() {
    directories.withLock { directories in
      for directory in directories { try? FileManager.default.removeItem(atPath: directory) }
      directories = []
    }
  }
}
