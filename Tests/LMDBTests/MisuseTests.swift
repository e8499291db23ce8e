import Glibc
import LMDB
import Synchronization
import Testing

/// What the compiler cannot refuse stops the process before it does harm. Each case runs in a process of its own.
@Suite("Misuse")
struct MisuseTests {
  #if arch(x86_64)
    static let trap = ExitTest.Condition.signal(SIGILL)
  #else
    static let trap = ExitTest.Condition.signal(SIGTRAP)
  #endif

  @Test("A second write transaction on one thread traps rather than wait for itself", .timeLimit(.minutes(30)))
  func secondWrite() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    await #expect(processExitsWith: Self.trap) { [path = path as String] in
      try beginTwice(Fixture(path: path).environment)
    }
  }

  @Test("A write transaction that ends on another thread traps")
  func wrongThread() async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    await #expect(processExitsWith: Self.trap) { [path = path as String] in
      let write = try begun(Fixture(path: path).environment)
      try await onAnotherThread { try write.withLock { $0.take() }?.commit() }
    }
  }

  @Test("A table of another environment traps")
  func foreignTable() async throws {
    let directory = try TemporaryDirectory()
    let otherDirectory = try TemporaryDirectory()
    let paths = [directory.path, otherDirectory.path]
    await #expect(processExitsWith: Self.trap) { [paths = paths as [String]] in
      let fixture = try Fixture(path: paths[0])
      let other = try Fixture(path: paths[1])
      _ = try fixture.environment.beginRead().count(of: other.words)
    }
  }

  @Test("A key of the wrong kind traps", arguments: [true, false])
  func wrongKey(isInteger: Bool) async throws {
    let directory = try TemporaryDirectory()
    let path = directory.path
    await #expect(processExitsWith: Self.trap) { [path = path as String, isInteger = isInteger as Bool] in
      let fixture = try Fixture(path: path)
      let read = try fixture.environment.beginRead()
      if isInteger {
        _ = try read.bytes(1, in: fixture.words)
      } else {
        _ = try read.text("seven b", in: fixture.numbers)
      }
    }
  }

  @Test("Readers left by a process that was killed are cleared, living ones are not")
  func staleReaders() async throws {
    let directory = try TemporaryDirectory()
    let environment = try directory.open()
    let words = try environment.openTables([.init(name: "words")])[0]
    let living = try environment.beginRead()
    #expect(try environment.clearStaleReaders() == 0)
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let environment = try Environment(at: path, options: .init(mapSizeBytes: 64 << 20))
      let first = try environment.beginRead()
      let second = try environment.beginRead()
      kill(getpid(), SIGKILL)
      _ = (first.isActive, second.isActive)
    }
    #expect(environment.usage.readerSlotCount == 3)
    #expect(try environment.clearStaleReaders() == 2)
    #expect(try environment.clearStaleReaders() == 0)
    #expect(try living.text("k", in: words) == nil)
  }

  @Test("A writer that was killed leaves its lock to the next and nothing else")
  func killedWriter() async throws {
    let directory = try TemporaryDirectory()
    let environment = try directory.open()
    let words = try environment.openTables([.init(name: "words")])[0]
    let path = directory.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try dieWriting(Fixture(path: path))
    }
    try expectWritable(environment, words)
  }
}

// A write transaction cannot be begun in a task, so these are functions.

private func beginTwice(_ environment: Environment) throws {
  let first = try environment.beginWrite()
  let second = try environment.beginWrite()
  second.abort()
  first.abort()
}

/// A way around the compiler: what holds the transaction may be sent.
private func begun(_ environment: Environment) throws -> Mutex<WriteTransaction?> {
  Mutex(try environment.beginWrite())
}

private func dieWriting(_ fixture: Fixture) throws {
  var write = try fixture.environment.beginWrite()
  try write.put("v", for: "k", in: fixture.words)
  kill(getpid(), SIGKILL)
  try write.commit()
}

private func expectWritable(_ environment: Environment, _ words: Table) throws {
  let write = try environment.beginWrite()
  #expect(try write.text("k", in: words) == nil)
  write.abort()
}
