import PinEngine
import PinWords

/// What the templates of an order's mails can say. Only a delivery has PINs, and none has a word of a payment card.
struct MailText {
  var order: FoundOrder
  var customer: CustomerDetails
  var catalogue: Catalogue
  /// Of a delivery: the cards that are with the customer.
  var cards: [Card] = []
  /// Where the customer follows the order; nil where the shop has no such page.
  var trackingAddress: String?

  /// By the names that the templates say.
  func values(_ kind: MailKind) -> [String: any Sendable] {
    var values: [String: any Sendable] = ["customer": customer.name, "order": "\(order.order.id)"]
    values["follow"] = trackingAddress
    switch kind {
    case .none, .lowStock, .marketing, .paymentCard, .refundLost, .denied: break
    case .received:
      values["lines"] = order.lines.map { granted -> [String: any Sendable] in
        ["count": "\(granted.line.count)", "product": catalogue.product(granted.line.product)?.name ?? "card"]
      }
      values["total"] = amount(order.order.totalMinor)
    case .delivery: values["cards"] = cards.map(card)
    case .declined: values["total"] = amount(order.order.totalMinor)
    case .cancelled, .credited:
      values["credited"] = order.order.creditedMinor == 0 ? nil : amount(order.order.creditedMinor)
    case .shipped:
      values["carrier"] = order.order.carrier
      values["number"] = order.order.trackingNumber
    }
    return values
  }

  private func card(_ card: Card) -> [String: any Sendable] {
    let product = catalogue.product(card.product)
    var values: [String: any Sendable] = [
      "product": product?.name ?? "card", "serial": "\(card.serial)", "pin": card.pin.text,
    ]
    values["expires"] = card.expiry == .never ? nil : card.expiry.calendarText
    values["instructions"] = product.flatMap { $0.instructions.isEmpty ? nil : $0.instructions }
    return values
  }

  private func amount(_ minor: UInt64) -> String {
    let currency = order.order.currency
    return "\(currency.text(minor: minor)) \(currency)"
  }
}
