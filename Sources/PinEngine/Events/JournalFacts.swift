import PinWords

/// What an event says beyond its time, actor, kind and id: one case for each kind.
public enum JournalFacts: Hashable, Sendable {
  case storeCreated(storeID: RequestID)
  case storeRestored(storeID: RequestID)
  /// The master key's public id: a part of a hash of it.
  case rekeyed(masterKeyID: UInt64)
  /// `replaces` are documents that no event names any more, here and below.
  case actorDefined(ActorDescription, hasNewKey: Bool, replaces: [RequestID])
  case productDefined(Product)
  case productFrozen(ProductID, reason: String)
  case productThawed(ProductID, reason: String)
  case purchaseBegun(BegunPurchase)
  /// With how many cards of each of its lots were loaded, and the event that began it.
  case purchaseCommitted(PurchaseID, begunBy: UInt64, loadedCounts: [UInt32])
  case purchaseAbandoned(PurchaseID, begunBy: UInt64)
  /// An empty list says that everything is in quarantine now.
  case stockQuarantined([MovedExtent])

  case reserved(Grant)
  case vended(Grant)
  /// With how many of its cards were told at once.
  case dispensed(openedCount: UInt32, [MovedExtent])
  /// `isPrint` unless they had never been told before; `isReprint` if it counts against the actor's limit of those.
  case opened(firstIndex: UInt32, count: UInt32, isPrint: Bool, isReprint: Bool)
  case confirmed
  case extended(deadlineMilliseconds: UInt64)
  case released([MovedExtent])
  case expired([MovedExtent])
  /// Into `reversed`, or into `quarantined` when its PINs had been disclosed. Without cards: it came before its original.
  case reversed(into: ReservationState, [MovedExtent])
  case returned(ReturnedCards)

  case reinventoried(StockChanged)
  case settled(reservation: RequestID, reason: String, cards: UInt64, [MovedExtent])
  case withdrawn(StockChanged)

  case shiftClosed(Shift)
  case forgotten

  case approved(Approval)
  case approvalRuleDefined(ApprovalRule)

  case proofsFailed(FailedProofs)

  case customerDefined(Customer, replaces: [RequestID])
  indirect case orderChanged(OrderChanged)
  case cardShown(order: RequestID, document: DocumentName, reason: String)
  /// `notBeforeMilliseconds` is 0 unless it is to be tried again.
  /// `product` is nil but for a warning of low stock.
  case mailTried(cause: UInt64, product: ProductID?, MailOutcome, attempts: UInt16, notBeforeMilliseconds: UInt64)
  case customerMailed(customer: RequestID, document: DocumentName)
  /// `vendorName` is nil for a product's.
  case sheetDefined(Sheet, vendorName: String?, replaces: [RequestID])
  /// `reason` is nil where none is asked for.
  case purchaseOrderChanged(PurchaseOrderAct, PurchaseOrder, reason: String?)
  case credentialChanged(Credential, replaces: [RequestID])
}

extension JournalFacts {
  /// What a reserve or a vend was granted.
  public struct Grant: Hashable, Sendable {
    /// 0 for none.
    public var deadlineMilliseconds: UInt64
    /// As it was asked; 0 for no deadline.
    public var holdSeconds: UInt32
    public var sale: Sale
    public var lines: [GrantedLine]
    public var extents: [GrantedExtent]
  }

  /// Cards taken from stock for a line.
  public struct GrantedExtent: Hashable, Sendable {
    /// Which line, from 0; always one that is there.
    public var line: UInt16
    public var lot: LotID
    public var extent: Extent
    /// The event that had put them in stock.
    public var placedBy: UInt64
  }

  /// Cards going from one holder to another.
  public struct MovedExtent: Hashable, Sendable {
    public var extent: Extent
    public var lot: LotID
    /// The event that had put them where they were.
    public var placedBy: UInt64
    /// The pieces of stock on either side that they grow together with.
    public var left: NeighbourInStock?
    public var right: NeighbourInStock?
    public var from: Origin
    /// Their condition in stock, or the one they had before they were taken from there.
    public var condition: Condition
  }

  /// A piece of stock next to cards that go back there.
  public struct NeighbourInStock: Hashable, Sendable {
    /// The event that had put it there.
    public var placedBy: UInt64
    /// Its card farthest from the cards that go back: the first of a left neighbour, the last of a right one.
    public var far: CardID
  }

  /// Where cards were before they moved.
  public enum Origin: String, Hashable, Sendable, CaseIterable {
    case stock, loading, reserved, delivered, quarantined, void
  }

  public struct BegunPurchase: Hashable, Sendable {
    public var purchase: PurchaseID
    public var product: ProductID
    public var vendor: VendorID
    public var vendorName: String
    public var unitCostMinor: UInt64
    public var invoice: String
    public var lots: [BegunLot]
  }

  public struct BegunLot: Hashable, Sendable {
    public var lot: LotID
    public var expiry: Day
    /// The ids it may fill.
    public var extent: Extent
  }

  public struct ReturnedCards: Hashable, Sendable {
    public var reservation: RequestID
    /// The cards that the request named; empty for all.
    public var asked: [Extent]
    /// One for each currency.
    public var credits: [Credit]
    public var extents: [MovedExtent]
  }

  /// Somebody's request may be done, once, until its time is over.
  public struct Approval: Hashable, Sendable {
    public var operation: Operation
    /// The request's own id.
    public var request: RequestID
    public var validUntilMilliseconds: UInt64
  }

  /// Proofs under an actor's name that were wrong.
  public struct FailedProofs: Hashable, Sendable {
    /// The actor whose name was claimed.
    public var actor: ActorID
    public var count: UInt32
    /// When the first of them came; the last came when the event did.
    public var sinceMilliseconds: UInt64

    public init(actor: ActorID, count: UInt32, sinceMilliseconds: UInt64) {
      self.actor = actor
      self.count = count
      self.sinceMilliseconds = sinceMilliseconds
    }
  }

  /// An order as its change left it, and what its cards did in the same event.
  public struct OrderChanged: Hashable, Sendable {
    public var act: OrderAct
    public var order: Order
    /// Why; nil where none is asked for.
    public var reason: String?
    /// The mail that it causes.
    public var mail: MailKind
    public var cards: CardsChange?
    /// The document of the payment card that it had before.
    public var replaces: [RequestID]
  }

  /// What moved an order's cards: one of `reserved`, `dispensed`, `released` and `returned`, as it would stand by itself.
  public struct CardsChange: Hashable, Sendable {
    public var kind: EventKind
    public var id: RequestID
    public var facts: JournalFacts
  }

  /// A re-inventory or a withdrawal.
  public struct StockChanged: Hashable, Sendable {
    /// The cards that the request named; those it moved may be fewer.
    public var asked: [Extent]
    public var reason: String
    /// How many cards it moved.
    public var cards: UInt64
    /// The event that approved it; nil when it needed none.
    public var approvedBy: UInt64?
    public var extents: [MovedExtent]
  }
}
