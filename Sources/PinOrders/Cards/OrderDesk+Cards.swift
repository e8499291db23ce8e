import Foundation
import PinEngine
import PinWords

/// Payment cards: kept with the change that brings one, and shown.
extension OrderDesk {
  /// The last four digits and the expiry of an order's payment card; nil once they are purged.
  package func cardSummary(_ card: PaymentCard) throws -> (lastFour: String, expiry: String)? {
    try read(CardDocument.self, card.document).map { ($0.lastFour, $0.expiry) }
  }

  /// Shows a payment card's number: the event that says so comes first.
  package func showCard(
    order: RequestID, reason: String, id: RequestID, _ asker: Asker
  ) async throws -> PaymentCardDetails {
    let name = try await ask(.showCard(ShowCard(id: id, order: order, reason: reason)), asker) {
      if case .cardShown(let name) = $0 { name } else { nil }
    }.value
    guard let document = try read(CardDocument.self, name) else { throw OrderFault.purged }
    do { return try vault.open(document, id: name.id) } catch { throw OrderFault.purged }
  }

  /// Keeps a payment card for a change to an order in a version. An expired one is not taken from anybody but the store itself,
  /// which seals anew what was taken before; nor is a change refused that is sent again after the card that it brought expired.
  func keeping<Value>(
    _ card: PaymentCardDetails, of order: RequestID, version: UInt32, id: RequestID, _ asker: Asker,
    at date: Date = Date(), _ change: (PaymentCard) async throws -> Done<Value>
  ) async throws -> Done<Value> {
    let sealed = try vault.seal(card, id: id, at: date)
    return try await keeping(bytes: try Self.encoder.encode(sealed), id: id, asker, .changeOrder) { kept in
      // The same change again: its card is sealed otherwise, and must be the same one.
      guard let there = try? Self.decoder.decode(CardDocument.self, from: Data(kept.bytes)) else {
        throw OrderFault.refused(.idReused(.paymentCard))
      }
      // Once its month's key is destroyed its number is told by its fingerprint alone, which the engine compares.
      let isSame =
        (try? vault.open(there, id: id)).map { $0 == card }
        ?? (there.lastFour == card.lastFour && there.expiry == card.expiry)
      guard isSame else { throw OrderFault.refused(.idReused(.paymentCard)) }
      // A change that names another version than the present one was done before, or never will be: the engine says which.
      if kept.isNew, asker.actor != .store, card.isExpired(at: date), try await presentVersion(of: order) == version {
        throw OrderFault.expiredCard
      }
      return try await change(
        PaymentCard(document: kept.name, fingerprint: engine.fingerprint(ofPaymentCard: card.number)))
    }
  }

  /// 0 for an order that is not there.
  private func presentVersion(of order: RequestID) async throws -> UInt32 {
    do { return try await self.order(order, Asker(actor: .store, keyNumber: 0)).order.version } catch {
      guard case OrderFault.orderRefused(.unknownOrder) = error else { throw error }
      return 0
    }
  }
}
