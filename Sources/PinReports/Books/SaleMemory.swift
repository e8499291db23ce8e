import PinEngine
import PinStore
import PinWords

/// Finds what was granted to cards that are delivered now, or come back: in memory if it was lately, else in the journal.
///
/// Each event names the one that had put its cards where they were, so a sale is found by walking back. What is kept in
/// mind is bounded: the last events that are not long, as they are in the journal. The rest costs a seek.
struct SaleMemory {
  private let view: JournalView
  /// A place for each of so many sequences: event `n` is in place `n` modulo their number.
  private var places: [Place]
  private var bytes: [UInt8]

  private struct Place {
    /// 0 for none.
    var sequence: UInt64 = 0
    var timeMilliseconds: UInt64 = 0
    var byteCount = 0
  }

  /// What a vend of up to four pieces takes.
  private static let longestByteCount = 224

  init(_ view: JournalView, capacity: Int) {
    self.view = view
    places = Array(repeating: Place(), count: capacity)
    bytes = Array(repeating: 0, count: capacity * Self.longestByteCount)
  }

  mutating func remember(_ event: RawSpan, _ sequence: UInt64, _ timeMilliseconds: UInt64) {
    guard event.byteCount <= Self.longestByteCount else { return }
    let place = Int(sequence % UInt64(places.count))
    places[place] = Place(sequence: sequence, timeMilliseconds: timeMilliseconds, byteCount: event.byteCount)
    let start = place * Self.longestByteCount
    bytes.withUnsafeMutableBytes { bytes in
      event.withUnsafeBytes { bytes[start..<start + $0.count].copyBytes(from: $0) }
    }
  }

  /// A sale as it was granted, and the event that delivered it last, if one did.
  struct Found {
    var grant: JournalFacts.Grant
    /// The actor whose reservation it is.
    var actor: ActorID
    var delivery: (sequence: UInt64, timeMilliseconds: UInt64)?
  }

  /// Walks back from the event that had put a card where it was to the one that granted it.
  func sale(of card: CardID, placedBy sequence: UInt64, asking asker: UInt64) throws -> Found {
    var sequence = sequence
    var delivery: (sequence: UInt64, timeMilliseconds: UInt64)?
    var before = asker
    while sequence < before {
      let event = try event(sequence)
      before = sequence
      switch event.facts {
      case .vended(let grant):
        return Found(
          grant: grant, actor: event.actor, delivery: delivery ?? (event.sequence, event.timeMilliseconds))
      case .reserved(let grant): return Found(grant: grant, actor: event.actor, delivery: delivery)
      case .dispensed(_, let moves), .settled(_, _, _, let moves):
        delivery = delivery ?? (event.sequence, event.timeMilliseconds)
        sequence = try placedBy(card, moves, event)
      case .reversed(_, let moves), .stockQuarantined(let moves): sequence = try placedBy(card, moves, event)
      default: throw ReportError.brokenTrail(sequence: event.sequence)
      }
    }
    throw ReportError.brokenTrail(sequence: before)
  }

  private func placedBy(
    _ card: CardID, _ moves: [JournalFacts.MovedExtent], _ event: JournalEvent
  ) throws(ReportError) -> UInt64 {
    guard let move = moves.first(where: { $0.extent.first <= card && card < $0.extent.end }) else {
      throw .brokenTrail(sequence: event.sequence)
    }
    return move.placedBy
  }

  private func event(_ sequence: UInt64) throws -> JournalEvent {
    let place = places[Int(sequence % UInt64(places.count))]
    guard place.sequence == sequence, sequence > 0 else {
      return try view.withEvent(sequence) { bytes, time in try JournalEvent(sequence, time, bytes) }
    }
    let start = Int(sequence % UInt64(places.count)) * Self.longestByteCount
    return try JournalEvent(
      sequence, place.timeMilliseconds, bytes.span.bytes.extracting(start..<start + place.byteCount))
  }
}

extension JournalEvent {
  /// What an event says of cards.
  init(_ sequence: UInt64, _ timeMilliseconds: UInt64, _ bytes: RawSpan) throws(ReportError) {
    self = try JournalEvent.whole(sequence, timeMilliseconds, bytes).ofCards
  }

  /// Decodes an event, naming it if that fails.
  static func whole(
    _ sequence: UInt64, _ timeMilliseconds: UInt64, _ bytes: RawSpan
  ) throws(ReportError) -> JournalEvent {
    do throws(JournalEventError) {
      return try JournalEvent(sequence: sequence, timeMilliseconds: timeMilliseconds, bytes: bytes)
    } catch {
      throw .event(sequence: sequence, error)
    }
  }
}
