import PinWords

/// One act on one purchase order.
public struct PurchaseOrderChange: Sendable {
  public var id: RequestID
  public var order: RequestID
  /// The version that it was seen in; 0 to draft a new one.
  public var version: UInt32
  public var act: Act

  public enum Act: Sendable {
    /// The vendor's name, and what is wanted of it: each product once, all in one currency.
    case draft(vendor: String, lines: [PurchaseOrder.Line])
    case approve
    /// A committed import of one of its products, from its vendor.
    case receive(PurchaseID)
    case close(reason: String)

    public var kind: PurchaseOrderAct {
      switch self {
      case .draft: .draft
      case .approve: .approve
      case .receive: .receive
      case .close: .close
      }
    }
  }

  public init(id: RequestID, order: RequestID, version: UInt32, act: Act) {
    self.id = id
    self.order = order
    self.version = version
    self.act = act
  }
}

/// Write a product's or a vendor's sheet (version 0), or write it anew.
public struct SheetChange: Sendable {
  public enum Subject: Sendable {
    case product(ProductID)
    /// By its name: one that is not known yet is known from then on.
    case vendor(String)
  }

  public var id: RequestID
  public var kind: SheetKind
  public var subject: Subject
  public var version: UInt32
  public var document: DocumentName

  public init(id: RequestID, kind: SheetKind, subject: Subject, version: UInt32, document: DocumentName) {
    self.id = id
    self.kind = kind
    self.subject = subject
    self.version = version
    self.document = document
  }
}
