import CLinux
import Glibc
import PinWords

/// One thread of the load: its connections in one event loop, from the first request to the last answer.
final class LoadThread<Speaker: Dialect> {
  private let phases: Phases
  private let script: Script
  private let dialect: Speaker
  private var connections: [LoadConnection<Speaker>] = []
  private var generator = SystemRandomNumberGenerator()
  private let poll: CInt
  private let tally: Tally
  /// Nanoseconds between two operations of this thread; nil when the next begins as soon as one ends.
  private let interval: Double?
  private var dueNanoseconds: Double
  private var nextConnection = 0
  private var requestNumber: UInt32 = 0
  private var answerCount = 0
  /// The low half of ids: one run's ids rise.
  private var nextID: UInt64
  private let idHigh: UInt64

  init(
    _ plan: BenchmarkPlan, _ target: BenchmarkTarget, _ dialect: Speaker, number: Int, phases: Phases, tally: Tally
  ) throws(BenchmarkError) {
    self.phases = phases
    self.tally = tally
    script = Script(plan.shape, productCount: target.products.count)
    self.dialect = dialect
    interval = plan.rate.map { 1e9 * Double(plan.threadCount) / $0 }
    dueNanoseconds = Double(phases.begin)
    let seed = RequestID.generate(atMilliseconds: UInt64(time(nil)) * 1000, using: &generator)
    (idHigh, nextID) = (seed.high, seed.low)
    poll = epoll_create1(0)
    guard poll >= 0 else { throw .system("epoll_create1") }
    let count = (plan.connectionCount + plan.threadCount - 1 - number) / plan.threadCount
    for index in 0..<count {
      let connection = try LoadConnection(
        dialect, port: target.port, usesTLS: target.usesTLS, inFlight: plan.inFlight)
      connections.append(connection)
      try watch(index, EPOLL_CTL_ADD)
    }
  }

  deinit { close(poll) }

  /// What all its connections sent and received.
  var traffic: Traffic {
    connections.reduce(into: Traffic(answerCount: answerCount)) { traffic, connection in
      traffic.sentByteCount += connection.transport.sentByteCount
      traffic.receivedByteCount += connection.transport.receivedByteCount
    }
  }

  /// Runs to the end of the measured time and until every answer has come.
  func run() throws(BenchmarkError) {
    var events = [epoll_event](repeating: epoll_event(), count: 256)
    var isBeginning = true
    let early = Double(phases.begin) - Double(Clock.nanoseconds())
    if early > 0 { usleep(useconds_t(early / 1000)) }
    while true {
      let now = Clock.nanoseconds()
      if now < phases.end {
        if interval != nil { try beginDue(now) } else if isBeginning { try beginAll(now) }
        isBeginning = false
      } else if connections.allSatisfy({ $0.waitingCount == 0 }) {
        return
      }
      guard !tally.progress.isGivenUp.load(ordering: .relaxed) else { throw BenchmarkError("the run was given up") }
      guard now < phases.end + Phases.patience else { throw BenchmarkError("answers are missing after the run") }
      var wait = timespec(tv_sec: 0, tv_nsec: waitNanoseconds(now))
      let count = epoll_pwait2(poll, &events, CInt(events.count), &wait, nil)
      guard count >= 0 || errno == EINTR else { throw .system("epoll_pwait2") }
      for event in events.prefix(Int(max(count, 0))) { try handle(Int(event.data.u32)) }
    }
  }

  private func waitNanoseconds(_ now: UInt64) -> Int {
    guard interval != nil, now < phases.end else { return 50_000_000 }
    return Int(max(0, min(dueNanoseconds - Double(now), 50_000_000)))
  }

  private func handle(_ index: Int) throws(BenchmarkError) {
    let connection = connections[index]
    try connection.receive { (slot, answer) throws(BenchmarkError) in try self.take(answer, slot, of: connection) }
    try flush(connection, index)
  }

  // MARK: Operations

  private func beginAll(_ now: UInt64) throws(BenchmarkError) {
    for (index, connection) in connections.enumerated() {
      while let slot = connection.idle.popLast() { begin(Int(slot), of: connection, at: now) }
      try flush(connection, index)
    }
  }

  /// Begins what is due, on the connections in turn, as long as one has room.
  private func beginDue(_ now: UInt64) throws(BenchmarkError) {
    guard let interval else { return }
    while dueNanoseconds <= Double(now) {
      guard let index = connectionWithRoom(), let slot = connections[index].idle.popLast() else { return }
      begin(Int(slot), of: connections[index], at: UInt64(dueNanoseconds))
      try flush(connections[index], index)
      dueNanoseconds += interval
    }
  }

  private func connectionWithRoom() -> Int? {
    for _ in connections.indices {
      nextConnection = (nextConnection + 1) % connections.count
      if !connections[nextConnection].idle.isEmpty { return nextConnection }
    }
    return nil
  }

  private func begin(_ slot: Int, of connection: LoadConnection<Speaker>, at nanoseconds: UInt64) {
    nextID &+= 1
    connection.slots[slot].round += 1
    connection.slots[slot].id = RequestID(high: idHigh, low: nextID)
    connection.slots[slot].product = script.product(using: &generator)
    connection.slots[slot].startNanoseconds = nanoseconds
    connection.slots[slot].card = nil
    ask(script.first, slot, of: connection)
  }

  private func ask(_ step: Step, _ slot: Int, of connection: LoadConnection<Speaker>) {
    requestNumber &+= 1
    connection.slots[slot].step = step
    let request = Request(
      step: step, id: connection.slots[slot].id, product: connection.slots[slot].product, number: requestNumber)
    dialect.append(request, to: &connection.outgoing)
    connection.sent(slot)
  }

  private func take(_ answer: RawSpan, _ slot: Int, of connection: LoadConnection<Speaker>) throws(BenchmarkError) {
    let now = Clock.nanoseconds()
    let (step, round) = (connection.slots[slot].step, connection.slots[slot].round)
    let soldBefore = connection.slots[slot].card
    let head = try dialect.read(answer, of: step) { number in
      if step.isFirstDelivery { connection.slots[slot].card = number }
      tally.card(number, isRepeatOf: step.isRepeat ? soldBefore : nil, isRepeat: step.isRepeat)
    }
    answerCount += 1
    let isGranted = head.status == Status.done.rawValue
    tally.answered(status: head.status, at: now)
    if isGranted, step == .vendAgain, !head.isRepeat { tally.faults.unmarkedRepeats += 1 }
    if isGranted, step.isFirstDelivery, head.isRepeat { tally.faults.falseRepeats += 1 }
    if isGranted, let next = script.next(after: step, round: round) {
      return ask(next, slot, of: connection)
    }
    if isGranted { tally.done(from: connection.slots[slot].startNanoseconds, to: now) }
    if interval == nil, now < phases.end {
      begin(slot, of: connection, at: now)
    } else {
      connection.idle.append(Int32(slot))
    }
  }

  // MARK: The socket

  private func flush(_ connection: LoadConnection<Speaker>, _ index: Int) throws(BenchmarkError) {
    let isLeft = try connection.flush()
    guard isLeft != connection.awaitsRoom else { return }
    connection.awaitsRoom = isLeft
    try watch(index, EPOLL_CTL_MOD)
  }

  private func watch(_ index: Int, _ operation: CInt) throws(BenchmarkError) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | (connections[index].awaitsRoom ? EPOLLOUT.rawValue : 0)
    event.data.u32 = UInt32(index)
    guard epoll_ctl(poll, operation, connections[index].transport.descriptor, &event) == 0 else {
      throw .system("epoll_ctl")
    }
  }
}
