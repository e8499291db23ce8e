import Glibc
import Histogram
import Synchronization

/// When a run begins, is measured, and ends: nanoseconds of the monotonic clock.
struct Phases: Sendable {
  let begin: UInt64
  let measured: UInt64
  let end: UInt64
  /// How long the last answers may take.
  static let patience: UInt64 = 30_000_000_000
}

enum Clock {
  static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// What one thread of the load counts. For that thread, but for `progress`.
final class Tally {
  /// What must never happen.
  struct Faults: Sendable, Equatable, Codable {
    /// PINs that do not belong to their serial.
    var wrongPINs = 0
    /// Cards that were sold a second time.
    var soldTwice = 0
    /// Repeats that told another card than the sale.
    var otherCards = 0
    var unmarkedRepeats = 0
    var falseRepeats = 0
  }

  static let bucketNanoseconds: UInt64 = 100_000_000

  let progress: Progress
  private let phases: Phases
  private(set) var latencies = Histogram<UInt32>(highestTrackableValue: 120_000_000_000)
  /// Operations done in each tenth of a second of the measured time.
  private(set) var buckets: [Int]
  /// Answers of the measured time, by status.
  private(set) var statuses = [Int](repeating: 0, count: 256)
  private(set) var operationCount = 0
  private(set) var sold: CardSet
  var faults = Faults()

  init(_ phases: Phases, cardCount: Int, progress: Progress) {
    self.phases = phases
    self.progress = progress
    sold = CardSet(count: cardCount)
    buckets = [Int](repeating: 0, count: Int((phases.end - phases.measured) / Self.bucketNanoseconds) + 1)
  }

  func answered(status: UInt8, at now: UInt64) {
    if now >= phases.measured, now < phases.end { statuses[Int(status)] += 1 }
  }

  func done(from start: UInt64, to now: UInt64) {
    progress.operations.wrappingAdd(1, ordering: .relaxed)
    guard now >= phases.measured, now < phases.end else { return }
    operationCount += 1
    buckets[Int((now - phases.measured) / Self.bucketNanoseconds)] += 1
    latencies.record(now - start)
  }

  func card(_ number: Int?, isRepeatOf soldBefore: Int?, isRepeat: Bool) {
    guard let number, number < sold.count else {
      faults.wrongPINs += 1
      return
    }
    if isRepeat {
      if number != soldBefore { faults.otherCards += 1 }
    } else if !sold.insert(number) {
      faults.soldTwice += 1
    }
  }
}

/// What others may see of a thread while it runs.
final class Progress: Sendable {
  let operations = Atomic<Int>(0)
  /// Nobody waits for the run any more.
  let isGivenUp = Atomic<Bool>(false)
}

/// A set of card numbers.
package struct CardSet: Sendable {
  private var words: [UInt64]
  /// Numbers are below this.
  let count: Int

  package init(count: Int) {
    self.count = count
    words = Array(repeating: 0, count: (count + 63) / 64)
  }

  /// Adds a number; false if it was there.
  mutating func insert(_ number: Int) -> Bool {
    let bit: UInt64 = 1 << UInt64(number % 64)
    guard words[number / 64] & bit == 0 else { return false }
    words[number / 64] |= bit
    return true
  }

  /// Both sets in one, and how many numbers were in both.
  package func union(_ other: CardSet) -> (all: CardSet, inBoth: Int) {
    guard count >= other.count else { return other.union(self) }
    var all = self
    var inBoth = 0
    for index in other.words.indices {
      inBoth += (words[index] & other.words[index]).nonzeroBitCount
      all.words[index] |= other.words[index]
    }
    return (all, inBoth)
  }

  package var memberCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }
}
