import PinEngine
import PinWords

/// What each kind of mail says. Only a delivery has PINs, and none has a word of a payment card.
struct MailText {
  var order: FoundOrder
  var customer: CustomerDetails
  var catalogue: Catalogue
  /// Of a delivery: the cards that are with the customer.
  var cards: [Card] = []

  /// Where the customer follows the order; nil where the shop has no such page.
  var trackingAddress: String?

  /// The subject and the text; nil for a kind that nobody is told.
  func render(_ kind: MailKind) -> (subject: String, text: String)? {
    let id = order.order.id
    let body: (subject: String, paragraphs: [String])
    switch kind {
    case .none, .lowStock: return nil
    case .received:
      body = ("Your order is here", ["We have received your order and keep its cards for you:", lines, total])
    case .delivery: body = ("Your cards", ["Here are your cards:"] + cards.map(card))
    case .denied:
      body = ("Your order was not accepted", ["We are sorry: we cannot accept your order. Nothing is charged for it."])
    case .declined:
      body = (
        "Your payment was declined",
        ["Your payment was declined. Your order and its cards are kept: please tell us other payment details.", total]
      )
    case .cancelled: body = ("Your order is cancelled", ["Your order is cancelled.", credited])
    case .shipped:
      body = (
        "Your cards are on their way",
        ["\(order.order.carrier) brings your cards, under the number \(order.order.trackingNumber)."]
      )
    case .credited: body = ("Your credit", ["Cards of your order came back.", credited])
    }
    let follow = trackingAddress.map { "Follow it: \($0)" } ?? ""
    let text = (["Dear \(customer.name),"] + body.paragraphs + ["Order \(id)", follow]).filter { !$0.isEmpty }
    return (body.subject, text.joined(separator: "\n\n") + "\n")
  }

  private var lines: String {
    order.lines.map { granted in
      let product = catalogue.product(granted.line.product)
      return "\(granted.line.count) x \(product?.name ?? "card")"
    }.joined(separator: "\n")
  }

  private var total: String { "Total: \(amount(order.order.totalMinor))" }
  private var credited: String {
    order.order.creditedMinor == 0 ? "" : "Credited: \(amount(order.order.creditedMinor))"
  }

  private func card(_ card: Card) -> String {
    let product = catalogue.product(card.product)
    let expiry = card.expiry == .never ? nil : "Expires: \(card.expiry.calendarText)"
    return [product?.name, "Serial: \(card.serial)", "PIN: \(card.pin.text)", expiry, product?.instructions]
      .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private func amount(_ minor: UInt64) -> String {
    let currency = order.order.currency
    return "\(currency.text(minor: minor)) \(currency)"
  }
}
