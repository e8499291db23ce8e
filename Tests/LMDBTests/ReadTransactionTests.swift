import Glibc
import LMDB
import Synchronization
import Testing

@Suite("A read transaction")
struct ReadTransactionTests {
  @Test("It sees its snapshot while writes go on, and the last commit after a renewal")
  func snapshot() throws {
    let fixture = try Fixture()
    let words = fixture.words
    var read = try fixture.environment.beginRead()
    #expect(try read.keyTexts(in: words) == [])
    for round in 1...20 {
      var write = try fixture.environment.beginWrite()
      try write.put("v\(round)", for: "k", in: words)
      // Neither an open transaction nor a commit shows before the renewal.
      #expect(try read.text("k", in: words) == (round == 1 ? nil : "v\(round - 1)"))
      try write.commit()
      #expect(try read.text("k", in: words) == (round == 1 ? nil : "v\(round - 1)"))
      try read.renew()
      #expect(try read.text("k", in: words) == "v\(round)")
      #expect(try read.keyText(atOrAfter: "a", in: words) == "k")
      #expect(read.transactionID() == fixture.environment.usage.lastTransactionID)
    }
  }

  @Test("After a reset every read throws, until it is renewed")
  func reset() throws {
    let fixture = try Fixture()
    var read = try fixture.environment.beginRead()
    #expect(try read.keyText(atOrAfter: "a", in: fixture.words) == nil)
    read.reset()
    #expect(read.isActive == false)
    do {
      _ = try read.text("k", in: fixture.words)
      Issue.record("read after a reset")
    } catch {
      #expect((error as? LMDBError)?.isTransactionUnusable == true)
    }
    do {
      _ = try read.keyText(atOrAfter: "a", in: fixture.words)
      Issue.record("sought after a reset")
    } catch {
      #expect((error as? LMDBError)?.isTransactionUnusable == true)
    }
    do {
      // A table without a cursor yet: LMDB answers otherwise, and must be told the same.
      _ = try read.bytes(1, in: fixture.numbers)
      Issue.record("opened a cursor after a reset")
    } catch {
      #expect((error as? LMDBError)?.isTransactionUnusable == true)
    }
    read.reset()
    try read.renew()
    #expect(read.isActive == true)
    #expect(try read.text("k", in: fixture.words) == nil)
  }

  @Test("A reset lets the pages of its snapshot be used again")
  func resetFreesPages() throws {
    let fixture = try Fixture()
    let value = [UInt8](repeating: 1, count: 200_000)
    func rewrite(_ times: Int) throws {
      for _ in 0..<times {
        var write = try fixture.environment.beginWrite()
        try write.put(value.span.bytes, for: 1, in: fixture.numbers)
        try write.commit()
      }
    }
    try rewrite(4)
    let steady = fixture.environment.usage.usedBytes
    try rewrite(20)
    #expect(fixture.environment.usage.usedBytes == steady)
    var read = try fixture.environment.beginRead()
    try rewrite(20)
    let pinned = fixture.environment.usage.usedBytes
    #expect(pinned > steady + 10 * value.count)
    read.reset()
    try rewrite(20)
    #expect(fixture.environment.usage.usedBytes == pinned)
  }

  @Test("It may be sent to another thread and used there")
  func movesBetweenThreads() async throws {
    let fixture = try Fixture()
    let words = fixture.words
    try fixture.put("v", for: "k")
    let read = Mutex(try fixture.environment.beginRead())
    #expect(try read.withLock { try $0.text("k", in: words) } == "v")
    let seen = try await onAnotherThread { try read.withLock { try $0.text("k", in: words) } }
    #expect(seen == "v")
  }

  @Test("When all reader slots are taken, beginning another is a typed error")
  func readersFull() throws {
    let directory = try TemporaryDirectory()
    let environment = try directory.open(maximumReaders: 2)
    let first = try environment.beginRead()
    do {
      let second = try environment.beginRead()
      do {
        _ = try environment.beginRead()
        Issue.record("a third reader began")
      } catch {
        #expect(error.isReadersFull)
      }
      #expect(second.isActive == true)
    }
    // The dropped one gave its slot back.
    let third = try environment.beginRead()
    #expect((first.isActive && third.isActive) == true)
  }
}

/// Runs `body` on a new thread and returns what it returned or threw.
func onAnotherThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.run { continuation.resume(with: Swift.Result(catching: body)) }
  }
}

private enum Thread {
  private final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }

  static func run(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body)).toOpaque()
    let code = pthread_create(
      &thread, nil,
      {
        Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body()
        return nil
      }, work)
    precondition(code == 0)
    pthread_detach(thread)
  }
}
