/// What the shop says of a product or a vendor beyond the journal's own words: a document, replaced as a whole.
public struct Sheet: Hashable, Sendable {
  public var kind: SheetKind
  /// The product's or the vendor's.
  public var number: UInt32
  /// How often it was written.
  public var version: UInt32
  public var document: DocumentName

  public init(kind: SheetKind, number: UInt32, version: UInt32, document: DocumentName) {
    self.kind = kind
    self.number = number
    self.version = version
    self.document = document
  }
}

public enum SheetKind: UInt8, Sendable, Codable, CaseIterable {
  /// What a product looks like.
  case picture = 1
  /// What calls cost with a product.
  case rates = 2
  /// How a vendor is reached; its first one makes the vendor known.
  case vendor = 3

  /// Whether it is of a product; else it is of a vendor.
  public var isOfProduct: Bool { self != .vendor }
}
