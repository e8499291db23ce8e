import PinEngine
import PinStore
import PinWords
import Synchronization

/// What the server and its store have done since they started, added up when somebody asks.
final class Meter: Sendable {
  let engine: Engine
  private let startedAt = ContinuousClock.now
  private let loops = Mutex<[ServingLoop]>([])
  private let placesTaken = Atomic(0)

  init(engine: Engine) { self.engine = engine }

  func watch(_ loops: [ServingLoop]) { self.loops.withLock { $0 = loops } }

  var watched: [ServingLoop] { loops.withLock { $0 } }

  /// Takes one of so many places for connections, over all loops; false if there is none.
  func takePlace(of limit: Int) -> Bool {
    guard placesTaken.add(1, ordering: .relaxed).newValue > limit else { return true }
    givePlace()
    return false
  }

  func givePlace() { placesTaken.subtract(1, ordering: .relaxed) }

  /// Each loop is asked on its own thread, so that its counters need no lock.
  func read() async -> Reading {
    var total = LoopCounters()
    for loop in watched {
      total.add(await loop.poll.perform { loop.counters })
    }
    return Reading(
      uptimeSeconds: (ContinuousClock.now - startedAt) / .seconds(1), headSequence: engine.headSequence,
      store: engine.counters, server: total, process: .read(), approvalRule: engine.catalogue.approvalRule)
  }

  struct Reading: Sendable {
    let uptimeSeconds: Double
    let headSequence: UInt64
    let store: StoreCounters
    let server: LoopCounters
    let process: ProcessUsage
    let approvalRule: ApprovalRule
  }
}

/// The counters as `statistics` tells them.
struct Statistics: Encodable {
  let uptimeSeconds: Double
  let headSequence: UInt64
  let batches: UInt64
  let syncs: UInt64
  let syncNanoseconds: UInt64
  let longestSyncNanoseconds: UInt64
  let events: UInt64
  let requests: UInt64
  let journalBytes: UInt64
  let checkpoints: UInt64
  let checkpointNanoseconds: UInt64
  let longestCheckpointNanoseconds: UInt64
  let queueDepth: Int
  let turnedAway: UInt64
  let abandonedBatches: UInt64
  let connections: UInt64
  let sessions: UInt64
  let connectionsAccepted: UInt64
  let connectionsTurnedAway: UInt64
  let authenticationFailures: UInt64
  let cardsOpened: UInt64
  let bytesIn: UInt64
  let bytesOut: UInt64
  let processorSeconds: Double
  let ownMemoryBytes: UInt64
  let residentBytes: UInt64
  let writtenBytes: UInt64
  let openDescriptors: UInt64
  let threads: UInt64
  /// Nil when nothing needs a second person.
  let approvalCardsPerDay: UInt64?

  init(_ reading: Meter.Reading) {
    let (store, server) = (reading.store, reading.server)
    approvalCardsPerDay = reading.approvalRule.isOn ? reading.approvalRule.cardsPerDay : nil
    uptimeSeconds = reading.uptimeSeconds
    headSequence = reading.headSequence
    batches = store.batches
    syncs = store.syncs
    syncNanoseconds = store.syncNanoseconds
    longestSyncNanoseconds = store.longestSyncNanoseconds
    events = store.events
    requests = store.requests
    journalBytes = store.journalBytes
    checkpoints = store.checkpoints
    checkpointNanoseconds = store.checkpointNanoseconds
    longestCheckpointNanoseconds = store.longestCheckpointNanoseconds
    queueDepth = store.queueDepth
    turnedAway = store.turnedAway
    abandonedBatches = store.abandonedBatches
    connections = server.connectionsOpen
    sessions = server.sessionsOpen
    connectionsAccepted = server.connectionsAccepted
    connectionsTurnedAway = server.connectionsTurnedAway
    authenticationFailures = server.authenticationFailures
    cardsOpened = server.cardsOpened
    bytesIn = server.bytesIn
    bytesOut = server.bytesOut
    processorSeconds = reading.process.processorSeconds
    ownMemoryBytes = reading.process.ownMemoryBytes
    residentBytes = reading.process.residentBytes
    writtenBytes = reading.process.writtenBytes
    openDescriptors = reading.process.openDescriptors
    threads = reading.process.threads
  }
}
