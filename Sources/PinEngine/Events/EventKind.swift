import PinBytes
import PinWords

/// What happened: the first byte of every event in the journal.
///
/// The numbers are the journal's format: they are never changed or used again. The name is what `events` prints.
public enum EventKind: UInt8, Sendable, CaseIterable {
  case storeCreated = 1
  case storeRestored = 2
  case rekeyed = 3
  case actorDefined = 4
  case productDefined = 5
  case productFrozen = 6
  case productThawed = 7
  case purchaseBegun = 8
  case purchaseCommitted = 9
  case purchaseAbandoned = 10
  /// After a restore that forgot sales: stock and held cards whose outcome nobody knows any more.
  case stockQuarantined = 11

  case reserved = 16
  case vended = 17
  case dispensed = 18
  /// PINs of a delivery were told: for the first time, or again.
  case opened = 19
  case confirmed = 20
  case extended = 21
  case released = 22
  case expired = 23
  case reversed = 24
  case returned = 25

  case reinventoried = 32
  case settled = 33
  case withdrawn = 34

  case shiftClosed = 48
  /// Settled holds and tombstones whose announced time is over.
  case forgotten = 49

  /// A second person lets a change pass.
  case approved = 64
  case approvalRuleDefined = 65

  /// Somebody who is not an actor, or has not its key, keeps claiming to be it.
  case proofsFailed = 66

  /// A customer was added, or is said anew to be somebody.
  case customerDefined = 80
  /// An order's change, and within it its cards'.
  case orderChanged = 81
  /// A payment card's number was shown.
  case cardShown = 82
  /// A mail was sent, or not.
  case mailTried = 83
  /// A marketing mail is to go to a customer.
  case customerMailed = 84

  /// A password or a token of an actor: made, or ended.
  case credentialChanged = 96

  /// What the shop says of a product or a vendor.
  case sheetDefined = 88
  case purchaseOrderChanged = 89

  /// The version of this kind's layout that this program writes; from the first release on, all are read.
  var version: UInt8 { 1 }

  /// The kind's name, such as `purchase-begun`.
  public var name: String {
    var name = ""
    for character in "\(self)" {
      if character.isUppercase { name += "-" }
      name += character.lowercased()
    }
    return name
  }
}

/// What every event starts with: kind, version, two zero bytes, and who did it.
struct EventHead {
  static let byteCount = 8
  let kind: EventKind
  let actor: ActorID

  init(kind: EventKind, actor: ActorID) {
    self.kind = kind
    self.actor = actor
  }

  func write(to writer: inout ByteWriter) {
    writer.write(kind.rawValue)
    writer.write(kind.version)
    writer.write(UInt16(0))
    writer.write(actor.rawValue)
  }

  /// Reads an event's head; throws if this program does not know its kind or version.
  init(_ event: RawSpan) throws(UnknownEvent) {
    guard event.byteCount >= Self.byteCount else { throw UnknownEvent(kind: 0, version: 0) }
    let number = event.unsafeLoad(fromByteOffset: 0, as: UInt8.self)
    let version = event.unsafeLoad(fromByteOffset: 1, as: UInt8.self)
    guard let kind = EventKind(rawValue: number), version == kind.version else {
      throw UnknownEvent(kind: number, version: version)
    }
    self.kind = kind
    actor = ActorID(event.bigEndian(at: 4))
  }
}

/// The journal holds an event that this program does not know: it was written by a newer one.
public struct UnknownEvent: Error, Equatable, CustomStringConvertible {
  public let kind: UInt8
  public let version: UInt8
  public var description: String {
    "the journal holds an event of kind \(kind), version \(version), which this program does not know: use the newer one"
  }
}
