import PinSealing
import PinWords

/// What serving threads need of the state, as of the last synced batch: products, lots and actors with their keys.
///
/// Immutable; the writer publishes a new one after the sync that made it true and before the batch's answers.
public final class Catalogue: Sendable {
  struct Lot: Sendable {
    let id: LotID
    let product: ProductID
    let purchase: PurchaseID
    let vendor: VendorID
    let expiry: Day
    let extent: Extent
    let key: SecretKey
  }

  package struct Actor: Sendable {
    package let description: ActorDescription
    package let key: ActorKey
    /// There if and only if the description has one; whether it still works, that says.
    package let oldKey: ActorKey?

    /// Whether a key opens sessions, and carries on those that it opened.
    package func hasKey(_ number: UInt64, at timeMilliseconds: UInt64) -> Bool {
      if number == key.number { return true }
      guard let oldKey, let old = description.oldKey, oldKey.number == number else { return false }
      return old.works(at: timeMilliseconds)
    }
  }

  package struct ActorKey: Sendable {
    /// No two keys of a store have the same.
    package let number: UInt64
    package let secret: SecretKey
  }

  /// Tells this store from any other, and from itself before a restore that forgot sales.
  public let storeID: RequestID
  /// After a restore that forgot sales, until all stock is in quarantine.
  let isQuarantining: Bool
  /// Which changes need a second person.
  public let approvalRule: ApprovalRule
  /// By number, from 1.
  public let products: [Product]
  public let vendors: [String]
  let lots: [Lot]
  let actors: [Actor]
  private let actorsByName: [String: Int]
  private let productsBySKU: [String: Int]

  static let empty = Catalogue(
    storeID: .zero, isQuarantining: false, approvalRule: .off, products: [], vendors: [], lots: [], actors: [])

  init(
    storeID: RequestID, isQuarantining: Bool, approvalRule: ApprovalRule, products: [Product], vendors: [String],
    lots: [Lot], actors: [Actor]
  ) {
    self.storeID = storeID
    self.isQuarantining = isQuarantining
    self.approvalRule = approvalRule
    self.products = products
    self.vendors = vendors
    self.lots = lots
    self.actors = actors
    actorsByName = Dictionary(uniqueKeysWithValues: actors.indices.map { (actors[$0].description.name, $0) })
    productsBySKU = Dictionary(uniqueKeysWithValues: products.indices.map { (products[$0].sku, $0) })
  }

  /// The product of this number, or nil.
  public func product(_ id: ProductID) -> Product? {
    let index = Int(id.rawValue) - 1
    return products.indices.contains(index) ? products[index] : nil
  }

  /// The product of this SKU, or nil.
  public func product(sku: String) -> Product? { productsBySKU[sku].map { products[$0] } }

  /// All actors, by number.
  package var descriptions: [ActorDescription] { actors.map(\.description) }

  /// The actor of this number, or nil.
  package func actor(_ id: ActorID) -> Actor? {
    let index = Int(id.rawValue) - 1
    return actors.indices.contains(index) ? actors[index] : nil
  }

  /// The actor of this name, or nil.
  package func actor(named name: String) -> Actor? { actorsByName[name].map { actors[$0] } }

  /// The lot of this number; it must be one that an answer named.
  func lot(_ id: LotID) -> Lot { lots[Int(id.rawValue) - 1] }

  /// The lot whose ids include a card's, or nil.
  func lot(of card: CardID) -> Lot? {
    var low = 0
    var high = lots.count
    while low < high {
      let middle = (low + high) / 2
      if lots[middle].extent.end <= card { low = middle + 1 } else { high = middle }
    }
    return low < lots.count && lots[low].extent.first <= card ? lots[low] : nil
  }
}
