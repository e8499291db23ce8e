import Glibc
import Synchronization
import Testing

@testable import PinStore

/// A process killed with -9, at each point of a batch and of a checkpoint, over and over in one directory.
@Suite(.timeLimit(.minutes(30))) struct KillTests {
  /// Where in the writer's work the process dies.
  enum Point: Int, CaseIterable, Sendable {
    case beforeWrite, insideWrite, afterWrite, afterSync, insideCheckpoints
  }

  @Test(arguments: Point.allCases)
  func whatWasAnsweredIsThereAfterwards(point: Point) async throws {
    let rig = try StoreRig.created()
    var expected: UInt64 = 0
    for round in 1...3 {
      let root = rig.root
      let number = point.rawValue
      await #expect(processExitsWith: .signal(SIGKILL)) {
        [root = root as String, number = number as Int, round = round as Int] in
        try Self.workUntilKilled(in: root, at: Point(rawValue: number)!, round)
      }
      let answered = try Self.lastAnswered(in: root)
      #expect(answered > expected)
      try {
        let tally = try rig.open()
        let value = try tally.look("a")
        // What was under way may have happened as well.
        #expect(value >= answered)
        #expect(try tally.store.verify().problems == [])
        expected = value
      }()
    }
  }

  /// Adds one at a time, notes each answer in a file, and dies in the middle of it.
  private static func workUntilKilled(in root: String, at point: Point, _ round: Int) throws {
    var settings = StoreRig.settings
    let writes = Atomic<Int>(0)
    let isDue: @Sendable () -> Bool = { writes.load(ordering: .relaxed) >= 20 + round * 7 }
    settings.systemCalls.write = { descriptor, bytes, offset in
      writes.add(1, ordering: .relaxed)
      if isDue(), point == .beforeWrite { kill(getpid(), SIGKILL) }
      if isDue(), point == .insideWrite {
        pwrite(descriptor, bytes.baseAddress, bytes.count / 2, offset)
        kill(getpid(), SIGKILL)
      }
      let count = pwrite(descriptor, bytes.baseAddress, bytes.count, offset)
      if isDue(), point == .afterWrite { kill(getpid(), SIGKILL) }
      return count
    }
    settings.systemCalls.syncData = { descriptor in
      let code = fdatasync(descriptor)
      if isDue(), point == .afterSync { kill(getpid(), SIGKILL) }
      return code
    }
    if point == .insideCheckpoints { settings.checkpointChangeCount = 1 }
    let context = Tally.Context()
    let clock = HandClock(1_700_000_000_000)
    let store = try Store<Tally>(at: "\(root)/data", settings: settings, clock: clock, context: context)
    let notes = open("\(root)/answered", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    if point == .insideCheckpoints {
      // Dies wherever the writer is when so much has been answered.
      _ = try SystemThread {
        _ = context.state.wait { $0.answers.count >= 50 + round * 13 ? true : nil }
        kill(getpid(), SIGKILL)
      }
    }
    var asked = 0
    while store.submit([.add(name: "a", amount: 1), .add(name: "b", amount: 1)]) {
      asked += 2
      guard case .value(let value, _) = context.outcomes(count: asked)[asked - 2] else { continue }
      var line = value
      write(notes, &line, 8)
    }
  }

  private static func lastAnswered(in root: String) throws -> UInt64 {
    let bytes = try FileTree.contents(of: "\(root)/answered")
    return bytes.suffix(8).withUnsafeBytes { $0.count == 8 ? $0.loadUnaligned(as: UInt64.self) : 0 }
  }
}
