import Testing

@testable import PinClient

/// When to connect, as a table: what happens, and what is to be done.
@Suite struct ReconnectionTests {
  enum Event: Sendable { case wanted, demanded, opened, answered, lost, lostUnwanted, waited, close }

  static let backOff = Reconnection.BackOff(firstNanoseconds: 100, longestNanoseconds: 1000)

  @Test(
    "what to do about each event",
    arguments: [
      ([(.wanted, .connect), (.wanted, .nothing), (.opened, .nothing), (.wanted, .nothing)]),
      ([(.demanded, .connect), (.demanded, .nothing), (.opened, .nothing), (.demanded, .nothing)]),
      // A failed attempt is made again after a wait that doubles.
      ([
        (.wanted, .connect), (.lost, .wait(nanoseconds: 50)), (.wanted, .nothing), (.waited, .connect),
        (.lost, .wait(nanoseconds: 100)), (.waited, .connect), (.lost, .wait(nanoseconds: 200)),
      ]),
      // Nobody waits: nothing is done until somebody does, and the failures are remembered.
      ([(.wanted, .connect), (.lostUnwanted, .nothing), (.wanted, .connect), (.lost, .wait(nanoseconds: 100))]),
      // A connection that is lost before it was of use is a failure like any other; one of use starts afresh.
      ([
        (.wanted, .connect), (.lost, .wait(nanoseconds: 50)), (.waited, .connect), (.opened, .nothing),
        (.lost, .wait(nanoseconds: 100)), (.waited, .connect), (.opened, .nothing), (.answered, .nothing),
        (.lost, .wait(nanoseconds: 50)),
      ]),
      // Who wants to know now does not wait out the back-off, and the wait that ends later does nothing.
      ([
        (.wanted, .connect), (.lost, .wait(nanoseconds: 50)), (.demanded, .connect), (.waited, .nothing),
        (.opened, .nothing),
      ]),
      // Nothing happens before there is an attempt, or after the end.
      ([(.lost, .nothing), (.waited, .nothing), (.opened, .nothing), (.answered, .nothing), (.wanted, .connect)]),
      ([(.close, .nothing), (.wanted, .nothing), (.demanded, .nothing), (.lost, .nothing), (.waited, .nothing)]),
      ([(.wanted, .connect), (.close, .nothing), (.opened, .nothing), (.lost, .nothing)]),
    ] as [[(Event, Reconnection.Action)]])
  func table(events: [(Event, Reconnection.Action)]) {
    var reconnection = Reconnection()
    for (event, expected) in events {
      var action = Reconnection.Action.nothing
      switch event {
      case .wanted: action = reconnection.wanted()
      case .demanded: action = reconnection.demanded()
      case .opened: reconnection.opened()
      case .answered: reconnection.answered()
      case .lost: action = reconnection.lost(isWanted: true, backOff: Self.backOff, jitter: 0)
      case .lostUnwanted: action = reconnection.lost(isWanted: false, backOff: Self.backOff, jitter: 0)
      case .waited: action = reconnection.waited()
      case .close: reconnection.close()
      }
      #expect(action == expected)
    }
  }

  @Test(
    "a wait doubles up to the longest, and is between half of it and all of it",
    arguments: [
      (1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (6, 1000), (64, 1000), (100_000, 1000),
    ] as [(Int, UInt64)])
  func waits(failures: Int, whole: UInt64) {
    #expect(Self.backOff.nanoseconds(failures: failures, jitter: 0) == whole / 2)
    let longest = Self.backOff.nanoseconds(failures: failures, jitter: 0.999_999)
    #expect(longest > whole / 2 && longest <= whole)
  }
}
