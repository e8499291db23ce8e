import Glibc
import Synchronization
import Testing

@testable import PinStore

/// A data directory of its own, and what opens stores in it.
final class StoreRig: Sendable {
  let root: String
  let clock = HandClock(1_700_000_000_000)
  var directory: String { "\(root)/data" }

  static let storeID = StoreID(bytes: Array(1...16))

  init() throws {
    let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    var template = Array("\(parent)/pinstore.XXXXXX".utf8CString)
    root = String(cString: try #require(mkdtemp(&template)))
  }

  deinit { try? FileTree.remove(root) }

  /// Small segments, so that a test crosses many; no checkpoint but those asked for.
  static var settings: StoreSettings {
    var settings = StoreSettings()
    settings.segmentByteCount = 64 << 10
    settings.largestBlockByteCount = 16 << 10
    settings.blockByteCount = 8 << 10
    settings.stateMapByteCount = 64 << 20
    settings.payloadMapByteCount = 16 << 20
    settings.stateHeadroomByteCount = 0
    settings.diskHeadroomByteCount = 0
    settings.segmentPatienceMilliseconds = 30_000
    settings.checkpointIdleMilliseconds = 3_600_000
    settings.checkpointMilliseconds = 3_600_000
    return settings
  }

  /// A new directory whose first event raises `genesis` by one.
  static func created(_ settings: StoreSettings = settings) throws -> StoreRig {
    let rig = try StoreRig()
    try Store<Tally>.create(at: rig.directory, storeID: storeID, settings: settings, clock: rig.clock) { block in
      block.beginEvent()
      block.writer.write(shortString: "genesis")
      block.writer.write(UInt64(1))
      _ = block.endEvent()
    }
    return rig
  }

  func open(
    _ settings: StoreSettings = settings, at path: String? = nil, context: Tally.Context = Tally.Context()
  ) throws -> TallyStore {
    TallyStore(
      rig: self, store: try Store<Tally>(at: path ?? directory, settings: settings, clock: clock, context: context),
      context: context)
  }

  /// What a crash at this moment would leave: a copy of the live directory's files.
  func copy(to name: String) throws -> String {
    let target = "\(root)/\(name)"
    try copyTree(directory, to: target)
    return target
  }

  private func copyTree(_ path: String, to target: String) throws {
    try FileTree.createDirectory(target)
    for name in try FileTree.names(in: path) {
      // LMDB's lock file must not be opened beside it; the store's own is of no matter; a segment that is being made may have
      // its name by the time it is copied.
      if name == "lock.mdb" || name == "lock" || name.hasSuffix(".unfinished") { continue }
      let from = "\(path)/\(name)"
      if FileTree.isDirectory(from) {
        try copyTree(from, to: "\(target)/\(name)")
      } else {
        try FileTree.copy(from, to: "\(target)/\(name)")
      }
    }
  }
}

/// An open store of tallies, stopped when it goes.
final class TallyStore {
  /// Keeps the directory.
  let rig: StoreRig
  private var held: Store<Tally>?
  let context: Tally.Context

  init(rig: StoreRig, store: Store<Tally>, context: Tally.Context) {
    self.rig = rig
    held = store
    self.context = context
  }

  deinit { held?.stop() }

  var store: Store<Tally> { held! }

  /// Stops the store and closes its environments, so that the directory can be opened again.
  func close() {
    held?.stop()
    held = nil
  }

  /// Submits one request and waits for its outcome.
  func ask(_ request: Tally.Request) throws -> Tally.Outcome {
    let count = context.state.withLock { $0.answers.count }
    try #require(store.submit([request]))
    return context.outcomes(count: count + 1)[count]
  }

  @discardableResult
  func add(_ name: String, _ amount: UInt64 = 1) throws -> Tally.Outcome { try ask(.add(name: name, amount: amount)) }

  func look(_ name: String) throws -> UInt64 {
    guard case .value(let value, _) = try ask(.look(name: name)) else { return .max }
    return value
  }
}

/// A clock that a test moves.
final class HandClock: StoreClock {
  private let time: Atomic<UInt64>
  init(_ milliseconds: UInt64) { time = Atomic(milliseconds) }
  func nowMilliseconds() -> UInt64 { time.load(ordering: .relaxed) }
  func set(_ milliseconds: UInt64) { time.store(milliseconds, ordering: .relaxed) }
}

/// System calls that a test makes fail or wait.
final class FaultyDisk: Sendable {
  struct State: Sendable {
    var syncs = 0
    var isClosed = false
    var waiting = 0
    var failsSync = false
    var failsWrite = false
    /// Writes only so much of the next write, then fails.
    var tornAfter: Int?
    var shortWrites = false
    var freeBytes: UInt64 = .max
  }
  let state = Monitor(State())

  var calls: SystemCalls {
    SystemCalls(
      write: { [state] descriptor, bytes, offset in
        let plan = state.withLock { ($0.failsWrite, $0.tornAfter, $0.shortWrites) }
        if plan.0 {
          errno = EIO
          return -1
        }
        if let torn = plan.1 {
          state.withLock {
            $0.tornAfter = nil
            $0.failsWrite = true
          }
          return pwrite(descriptor, bytes.baseAddress, torn, offset)
        }
        return pwrite(descriptor, bytes.baseAddress, plan.2 ? min(bytes.count, 7) : bytes.count, offset)
      },
      syncData: { [state] descriptor in
        state.withLock { $0.waiting += 1 }
        state.wake()
        let fails = state.wait { $0.isClosed ? nil : $0.failsSync }!
        state.withLock {
          $0.syncs += 1
          $0.waiting -= 1
        }
        if fails {
          errno = EIO
          return -1
        }
        return fdatasync(descriptor)
      },
      freeBytes: { [state] _ in state.withLock { $0.freeBytes } })
  }

  /// Lets no sync end until `open`.
  func close() { state.withLock { $0.isClosed = true } }

  func open() {
    state.withLock { $0.isClosed = false }
    state.wake()
  }

  /// Waits until a sync has begun and cannot end.
  func awaitSync() {
    let isThere = state.wait(atMost: 30_000_000_000) { $0.waiting > 0 ? true : nil }
    if isThere == nil { Issue.record("no sync came") }
  }
}
