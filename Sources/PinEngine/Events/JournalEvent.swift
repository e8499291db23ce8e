import PinBytes
import PinWords

/// One event of the journal, decoded: what `events` prints and what reports fold over.
///
/// Decoding never traps, whatever the bytes are: they may come from a damaged or a foreign journal. It takes exactly what
/// this program writes: reserved bytes must be zero, and nothing may follow the last field. Keys never come out of it.
public struct JournalEvent: Hashable, Sendable {
  public let sequence: UInt64
  /// When it was decided: milliseconds since 1970 UTC.
  public let timeMilliseconds: UInt64
  /// Who did it; the store itself for what time or a restart made due.
  public let actor: ActorID
  public let kind: EventKind
  /// The reservation, or the change's own id; nil for what is not done under an id.
  public let id: RequestID?
  public let facts: JournalFacts

  /// Decodes the bytes of an event as the journal holds them, without their length.
  public init(sequence: UInt64, timeMilliseconds: UInt64, bytes: RawSpan) throws(JournalEventError) {
    let head = try Self.head(of: bytes)
    var reader = ByteReader(bytes.extracting(EventHead.byteCount..<bytes.byteCount))
    do throws(ByteShortage) {
      id = head.kind.carriesID ? try reader.readRequestID() : nil
      facts = try JournalFacts(head.kind, &reader)
      guard reader.remaining == 0 else { throw ByteShortage() }
    } catch {
      throw .malformed(head.kind, offset: EventHead.byteCount + reader.offset)
    }
    self.sequence = sequence
    self.timeMilliseconds = timeMilliseconds
    actor = head.actor
    kind = head.kind
  }

  private init(_ whole: JournalEvent, cards: JournalFacts.CardsChange) {
    sequence = whole.sequence
    timeMilliseconds = whole.timeMilliseconds
    actor = whole.actor
    kind = cards.kind
    id = cards.id
    facts = cards.facts
  }

  /// What it says of cards: of an order's change the event inside it, at the whole's place; of any other itself.
  package var ofCards: JournalEvent {
    guard case .orderChanged(let changed) = facts, let cards = changed.cards else { return self }
    return JournalEvent(self, cards: cards)
  }

  private static func head(of bytes: RawSpan) throws(JournalEventError) -> EventHead {
    guard bytes.byteCount >= EventHead.byteCount else { throw .malformed(nil, offset: 0) }
    let head: EventHead
    do throws(UnknownEvent) { head = try EventHead(bytes) } catch { throw .unknown(error) }
    guard bytes.bigEndian(at: 2) as UInt16 == 0 else { throw .malformed(head.kind, offset: 2) }
    return head
  }
}

/// Why bytes are not an event.
public enum JournalEventError: Error, Equatable, CustomStringConvertible {
  /// A newer program wrote it.
  case unknown(UnknownEvent)
  /// What stands at the offset, or soon after it, is not what the layout says; no kind when even that is missing.
  case malformed(EventKind?, offset: Int)

  public var description: String {
    switch self {
    case .unknown(let unknown): unknown.description
    case .malformed(let kind?, let offset): "the event of kind \(kind.name) is malformed at byte \(offset)"
    case .malformed(nil, _): "the event is too short to say what it is"
    }
  }
}

extension EventKind {
  /// Whether its events name the id they were done under.
  var carriesID: Bool {
    switch self {
    case .storeCreated, .storeRestored, .rekeyed, .purchaseCommitted, .purchaseAbandoned, .stockQuarantined,
      .proofsFailed, .mailTried:
      false
    case .actorDefined, .productDefined, .productFrozen, .productThawed, .purchaseBegun, .reserved, .vended, .dispensed,
      .opened, .confirmed, .extended, .released, .expired, .reversed, .returned, .reinventoried, .settled, .withdrawn,
      .shiftClosed, .forgotten, .approved, .approvalRuleDefined, .customerDefined, .orderChanged, .cardShown,
      .customerMailed,
      .sheetDefined, .purchaseOrderChanged, .credentialChanged:
      true
    }
  }
}
