import PinEngine
import PinWords

/// Where one product's cards are, and how many moved in a period.
///
/// The two are counted apart, one by the places that events name and the other by what kind of events they are, so that
/// the control row proves something: opening + received − sold + returned + adjusted = closing.
package struct StockAccount: Hashable, Sendable {
  package var regular = 0
  package var used = 0
  package var quarantined = 0
  package var reserved = 0
  package var delivered = 0
  package var void = 0

  /// On hand when the period began.
  package private(set) var opening = 0
  package var flows = StockFlows()

  package enum Place: Hashable, Sendable {
    case stock(Condition)
    /// Not counted: what is being loaded is no stock yet.
    case loading
    case reserved, delivered, quarantined, void
  }

  /// Not sold, and not gone.
  package var onHand: Int { regular + used + quarantined + reserved }

  mutating func beginPeriod() {
    opening = onHand
    flows = StockFlows()
  }

  subscript(place: Place) -> Int {
    get {
      switch place {
      case .stock(.regular): regular
      case .stock(.used): used
      case .stock(.quarantined), .quarantined: quarantined
      case .loading: 0
      case .reserved: reserved
      case .delivered: delivered
      case .void: void
      }
    }
    set {
      switch place {
      case .stock(.regular): regular = newValue
      case .stock(.used): used = newValue
      case .stock(.quarantined), .quarantined: quarantined = newValue
      case .loading: break
      case .reserved: reserved = newValue
      case .delivered: delivered = newValue
      case .void: void = newValue
      }
    }
  }
}

extension StockAccount.Place {
  /// Where cards were before they moved.
  init(_ move: JournalFacts.MovedExtent) {
    switch move.from {
    case .stock: self = .stock(move.condition)
    case .loading: self = .loading
    case .reserved: self = .reserved
    case .delivered: self = .delivered
    case .quarantined: self = .quarantined
    case .void: self = .void
    }
  }
}

/// How many cards of a product came and went.
package struct StockFlows: Hashable, Sendable {
  package var received = 0
  /// Vended, dispensed, or booked as delivered after all.
  package var sold = 0
  /// Returned, or reversed after their delivery.
  package var returned = 0
  package var withdrawn = 0

  /// What came and went altogether.
  package var net: Int { received - sold + returned - withdrawn }
}
