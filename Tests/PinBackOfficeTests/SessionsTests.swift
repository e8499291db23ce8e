import PinWords
import Testing

@testable import PinBackOffice

@Suite("Sessions end: unused, after a day's work, at sign-out")
struct SessionsTests {
  private let sessions = Sessions()
  private let password = Credential(
    id: RequestID(high: 0, low: 7), actor: ActorID(3), kind: .password, madeAtMilliseconds: 0,
    document: DocumentName(id: RequestID(high: 0, low: 7), digest: []))

  @Test("A session that is not used for a quarter of an hour is over, and stays so")
  func idle() throws {
    let token = try #require(sessions.open(password, at: 1000))
    let last = 1000 + Sessions.idleMilliseconds - 1
    #expect(sessions.use(token, at: last)?.actor == ActorID(3))
    #expect(sessions.use(token, at: last + Sessions.idleMilliseconds - 1) != nil)
    #expect(sessions.use(token, at: last + 2 * Sessions.idleMilliseconds) == nil)
    #expect(sessions.use(token, at: last) == nil)
  }

  @Test("However much it is used, a session is over after twelve hours")
  func longest() throws {
    let token = try #require(sessions.open(password, at: 0))
    var now: UInt64 = 0
    while now + 600_000 < Sessions.longestMilliseconds {
      now += 600_000
      try #require(sessions.use(token, at: now) != nil)
    }
    #expect(sessions.use(token, at: Sessions.longestMilliseconds) == nil)
  }

  @Test("A token is nobody else's, and none after sign-out")
  func tokens() throws {
    let (one, two) = (try #require(sessions.open(password, at: 0)), try #require(sessions.open(password, at: 0)))
    #expect(one != two && one.utf8.count == 4 + 64)
    #expect(sessions.use(one.uppercased(), at: 1) == nil && sessions.use("", at: 1) == nil)
    sessions.close(one)
    #expect(sessions.use(one, at: 1) == nil && sessions.use(two, at: 1) != nil)
  }

  @Test("There is room for so many, and again for those that are over")
  func bound() {
    for _ in 0..<Sessions.most { #expect(sessions.open(password, at: 0) != nil) }
    #expect(sessions.open(password, at: 1) == nil)
    #expect(sessions.open(password, at: Sessions.idleMilliseconds) != nil)
  }
}
