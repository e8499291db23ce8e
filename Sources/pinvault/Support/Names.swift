import PinClient
import PinWords

// The words for what an enum of the vocabulary says, in text and in JSON; they never change.

extension ReservationState {
  var name: String { "\(self)" }
}

extension Condition {
  var name: String { "\(self)" }
}

extension Custody {
  /// Where the card is, in a word.
  var name: String {
    switch self {
    case .loading: "loading"
    case .stock(let condition): condition == .regular ? "stock" : "\(condition.name)-stock"
    case .quarantined: "quarantined"
    case .reserved: "reserved"
    case .delivered: "delivered"
    case .void: "void"
    }
  }

  /// The id that has the card, if one does.
  var holder: RequestID? {
    switch self {
    case .quarantined(let id), .reserved(let id), .delivered(let id): id == .zero ? nil : id
    case .loading, .stock, .void: nil
    }
  }
}

extension PinClient {
  /// The product of this SKU.
  func product(sku: String) async throws -> Product {
    guard let product = try await catalogue().value.first(where: { $0.sku == sku }) else {
      throw Fault(.refused, "there is no product with SKU '\(sku)'; see 'pinvault product list'")
    }
    return product
  }
}
