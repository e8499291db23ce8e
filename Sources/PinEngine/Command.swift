import PinSealing
import PinWords

/// What the engine can be asked, each answered by the writer in order.
///
/// Loading cards, finding a card by its serial, events, verification and backup are not here: they do not change or read
/// the mutable state, or are made of these.
public enum Command: Sendable {
  case reserve(Reserve)
  case vend(Vend)
  case dispense(RequestID)
  case confirm(RequestID)
  case extend(Extend)
  case release(RequestID)
  case reverse(RequestID)
  case `return`(Return)
  case reprint(Reprint)
  case reinventory(StockChange)
  case settle(Settle)
  case withdraw(StockChange)
  case freeze(ProductStop)
  case thaw(ProductStop)
  // What is rare and large lies apart, so that the rest is small.
  indirect case defineProduct(DefineProduct)
  case lookUp(RequestID)
  /// One product, or all.
  case stock(ProductID?)
  case shiftTotals
  case closeShift(RequestID)
  case actors
  indirect case approve(Approve)
  case defineApprovalRule(DefineApprovalRule)
  indirect case orders(OrderCommand)
  /// Made by `Engine` alone, which supplies the keys: nobody else can make one.
  indirect case internalCommand(InternalCommand)

  /// The operation of the protocol that it is.
  public var operation: Operation {
    switch self {
    case .reserve: .reserve
    case .vend: .vend
    case .dispense: .dispense
    case .confirm: .confirm
    case .extend: .extend
    case .release: .release
    case .reverse: .reverse
    case .return: .return
    case .reprint: .reprint
    case .reinventory: .reinventory
    case .settle: .settle
    case .withdraw: .withdraw
    case .freeze: .freeze
    case .thaw: .thaw
    case .defineProduct: .defineProduct
    case .lookUp: .lookUp
    case .stock: .stock
    case .shiftTotals: .shiftTotals
    case .closeShift: .closeShift
    case .actors: .actors
    case .approve: .approve
    case .defineApprovalRule: .defineApprovalRule
    case .orders(let command): command.operation
    case .internalCommand(let command): command.operation
    }
  }
}

/// Commands that carry what only the engine itself can supply: keys, and what was loaded.
public struct InternalCommand: Sendable {
  enum Kind: Sendable {
    case beginPurchase(BeginPurchase, keys: [KeyRecord])
    /// With how many cards of each lot are in the payload, durable, or why that cannot be said.
    case commitPurchase(PurchaseID, loaded: Result<[UInt32], Refusal>)
    case abandonPurchase(PurchaseID)
    case defineActor(DefineActor, key: KeyRecord?)
    /// Where a card is, for showing its life.
    case locate(CardID)
    /// The store forgot sales: the next part of all stock into quarantine.
    case quarantineRestored
    case markRekeyed(masterKeyID: UInt64)
    case noteFailedProofs(JournalFacts.FailedProofs)
    case changeCredential(CredentialChange)
  }
  let kind: Kind

  init(_ kind: Kind) { self.kind = kind }

  var operation: Operation {
    switch kind {
    case .beginPurchase: .beginPurchase
    case .commitPurchase: .commitPurchase
    case .abandonPurchase: .abandonPurchase
    case .defineActor: .defineActor
    case .locate: .card
    case .quarantineRestored, .markRekeyed: .backup
    case .noteFailedProofs: .authenticate
    case .changeCredential: .changeCredential
    }
  }
}

/// A command on its way to the writer: whose it is, and where the answer goes.
public struct Submission: Sendable {
  public let actor: ActorID
  /// The key with which its session was opened, which must not have ended by the time this is decided; 0 for none.
  let keyNumber: UInt64
  public let command: Command
  /// The submitter's own number for it, handed back with the answer.
  public let ticket: UInt64
  let sink: AnswerSink

  public init(actor: ActorID, command: Command, ticket: UInt64, sink: AnswerSink) {
    self.init(actor: actor, keyNumber: 0, command: command, ticket: ticket, sink: sink)
  }

  package init(actor: ActorID, keyNumber: UInt64, command: Command, ticket: UInt64, sink: AnswerSink) {
    self.actor = actor
    self.keyNumber = keyNumber
    self.command = command
    self.ticket = ticket
    self.sink = sink
  }
}

/// What became of a command.
public enum Outcome: Sendable {
  case refused(Refusal)
  /// Freeze, thaw, abandon, define approval rule: nothing to tell but that it is done.
  case done
  /// Vend, dispense, reprint: which cards to open, now that the event is durable.
  case delivery(Delivery)
  /// Reserve.
  case granted(Reservation)
  /// Confirm, extend, release, reverse.
  case state(ReservationState, deadlineMilliseconds: UInt64)
  case found(Found)
  /// Re-inventory, withdraw, settle: how many cards it moved.
  case moved(cards: UInt64)
  /// What is credited, one for each currency.
  case returned([Credit])
  case stock([StockLevel])
  case purchase(PurchaseID, lots: [PurchasedLot])
  case product(ProductID)
  case actor(ActorID)
  case actors([ActorDescription])
  case shift(Shift)
  /// Approve: until when it can be used.
  case approved(validUntilMilliseconds: UInt64)
  /// Where a card is, and the event that put it there.
  case located(Custody, placedBy: UInt64)
  case orderRefused(OrderRefusal)
  // What is rare and large lies apart, so that the rest is small.
  /// The order as the change left it.
  indirect case orderChanged(Order)
  indirect case order(FoundOrder)
  /// A page of them, and the id to go on after; nil when there are no more.
  case orders([Order], next: RequestID?)
  case customer(Customer)
  /// A page of them, and the id to go on after; nil when there are no more.
  case customers([Customer], next: RequestID?)
  case sheet(Sheet)
  case purchaseOrder(PurchaseOrder)
  /// A page of them, and the id to go on after; nil when there are no more.
  case purchaseOrders([PurchaseOrder], next: RequestID?)
  /// Where a payment card's number is, now that it is on record that it is shown.
  case cardShown(DocumentName)
  /// Mails to be tried, and when the next may be: `UInt64.max` for never, or where a page is full.
  case dueMails([WaitingMail], nextMilliseconds: UInt64)
  /// A page of mails that were given up, and the one to go on after; nil when there are no more.
  case deadMails([WaitingMail], next: MailName?)
  /// A password or a token, as it was made or ended.
  case credential(Credential)
}

/// What a return came to in one currency.
public struct Credit: Hashable, Sendable {
  public var cards: UInt32
  /// What the cards were sold for, after their share of the line's discount, rounded down, in minor units.
  public var amountMinor: UInt64
  public var currency: Currency
}

/// A lot of a purchase: its ids, and how many of them hold cards.
public struct PurchasedLot: Hashable, Sendable {
  public var lot: LotID
  public var expiry: Day
  public var extent: Extent
  public var loadedCount: UInt32
}

/// Cards to be opened for an answer, and what the answer says of them.
///
/// Only the engine makes and changes one: a `CardReader` opens whatever it names.
public struct Delivery: Sendable {
  public internal(set) var id: RequestID
  public internal(set) var state: ReservationState
  public internal(set) var dispensedAtMilliseconds: UInt64
  /// Where the first card of this answer stands in the delivery, from 0.
  public internal(set) var firstIndex: UInt32
  /// Where the cards after those of this answer begin; `totalCount` after the last.
  public internal(set) var nextIndex: UInt32
  /// All cards of the delivery.
  public internal(set) var totalCount: UInt32
  /// How often these PINs had been told before: 0 the first time.
  public internal(set) var printCount: UInt16
  public internal(set) var lines: Few<GrantedLine>
  /// The cards to be opened now: those asked for that are still in the delivery.
  public internal(set) var slices: Few<Slice>

  /// How many cards this answer carries.
  public var openedCount: Int { slices.reduce(0) { $0 + Int($1.extent.count) } }
}

/// An outcome with what every answer carries.
struct Reply {
  var outcome: Outcome
  var isRepeat = false
  /// The event that made it so; where none was needed, the one that had. 0 for none.
  var sequence: UInt64 = 0
  /// The documents that the change replaced: no event names them any more.
  var replaces: [RequestID] = []

  init(_ outcome: Outcome, sequence: UInt64 = 0, isRepeat: Bool = false, replaces: [RequestID] = []) {
    self.outcome = outcome
    self.sequence = sequence
    self.isRepeat = isRepeat
    self.replaces = replaces
  }
}

/// The answer to a submission.
public struct Answered: Sendable {
  public let ticket: UInt64
  public let actor: ActorID
  private let reply: Reply
  public let timeMilliseconds: UInt64
  let sink: AnswerSink

  public var outcome: Outcome { reply.outcome }
  public var isRepeat: Bool { reply.isRepeat }
  public var sequence: UInt64 { reply.sequence }
  /// The documents that the change replaced, to be purged (`Engine.settle`).
  package var replaces: [RequestID] { reply.replaces }

  init(submission: borrowing Submission, reply: consuming Reply, timeMilliseconds: UInt64) {
    ticket = submission.ticket
    actor = submission.actor
    self.reply = reply
    self.timeMilliseconds = timeMilliseconds
    sink = submission.sink
  }
}
