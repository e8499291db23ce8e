import Testing

@testable import PinBench

@Suite("A benchmark checks what it is told")
struct BenchmarkCardsTests {
  private func number(_ serial: String, _ pin: String) -> Int? {
    BenchmarkCards.number(serial: Array(serial.utf8).span.bytes, pin: Array(pin.utf8).span.bytes)
  }

  @Test("A card's PIN follows from its serial", arguments: [0, 1, 9, 1234, 999_999, BenchmarkCards.highest])
  func cards(card: Int) {
    #expect(number(BenchmarkCards.serial(card), BenchmarkCards.pin(card)) == card)
  }

  @Test("A PIN of another card, or none, is not taken")
  func wrongPINs() {
    #expect(number(BenchmarkCards.serial(7), BenchmarkCards.pin(8)) == nil)
    #expect(number(BenchmarkCards.serial(7), "") == nil)
    #expect(number("A000000000000007", BenchmarkCards.pin(7)) == nil)
    #expect(number(BenchmarkCards.serial(7), "12345678901234x6") == nil)
  }

  @Test("A card that comes twice is noticed, in one thread's count and between two")
  func soldTwice() {
    let phases = Phases(begin: 0, measured: 0, end: 1_000_000_000)
    let tally = Tally(phases, cardCount: 100, progress: Progress())
    tally.card(5, isRepeatOf: nil, isRepeat: false)
    tally.card(6, isRepeatOf: nil, isRepeat: false)
    #expect(tally.faults == Tally.Faults())
    tally.card(5, isRepeatOf: nil, isRepeat: false)
    #expect(tally.faults.soldTwice == 1)
    tally.card(nil, isRepeatOf: nil, isRepeat: false)
    tally.card(100, isRepeatOf: nil, isRepeat: false)
    #expect(tally.faults.wrongPINs == 2)

    var other = CardSet(count: 200)
    #expect(other.insert(6) && other.insert(150) && !other.insert(150))
    let (all, inBoth) = tally.sold.union(other)
    #expect(inBoth == 1 && all.memberCount == 3)
  }

  @Test("A repeat must tell the card of the sale")
  func repeats() {
    let tally = Tally(Phases(begin: 0, measured: 0, end: 1), cardCount: 10, progress: Progress())
    tally.card(3, isRepeatOf: 3, isRepeat: true)
    #expect(tally.faults.otherCards == 0)
    tally.card(4, isRepeatOf: 3, isRepeat: true)
    tally.card(4, isRepeatOf: nil, isRepeat: true)
    #expect(tally.faults.otherCards == 2)
  }

  @Test("Only what ends in the measured time is counted")
  func measuredTime() {
    let phases = Phases(begin: 0, measured: 1_000, end: 2_000)
    let tally = Tally(phases, cardCount: 1, progress: Progress())
    for time in [999, 1_000, 1_999, 2_000] as [UInt64] {
      tally.done(from: 500, to: time)
      tally.answered(status: 0, at: time)
    }
    #expect(tally.operationCount == 2 && tally.statuses[0] == 2 && tally.latencies.totalCount == 2)
  }

  @Test("Zipf's law sells the first product as often as its share says, and every product")
  func zipf() {
    let script = Script(.zipf, productCount: 100)
    var generator = SystemRandomNumberGenerator()
    var counts = [Int](repeating: 0, count: 100)
    for _ in 0..<100_000 { counts[script.product(using: &generator)] += 1 }
    // The first has 1/5.187 of all; five standard deviations are 620.
    #expect(abs(counts[0] - 19_278) < 620)
    #expect(counts.allSatisfy { $0 > 0 })
  }
}
