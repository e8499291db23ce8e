import Foundation
import PinEngine
import PinSealing
import PinWords

/// Who is mailed payment cards: the shop itself, sealed for its certificate's key alone.
package struct CardMail: Sendable {
  package var recipient: String
  private let sealing: CertificateSealing

  package init(to recipient: String, _ sealing: CertificateSealing) {
    self.recipient = recipient
    self.sealing = sealing
  }

  /// What the certificate's key opens: a text of its own.
  func seal(_ card: PaymentCardDetails, of order: Order) -> [UInt8]? {
    let lines = [
      "Content-Type: text/plain; charset=utf-8", "", "Order: \(order.id)", "Number: \(card.number)",
      "Expires: \(card.expiry)", "Amount: \(order.currency.text(minor: order.totalMinor)) \(order.currency)", "",
    ]
    return sealing.seal(Array(lines.joined(separator: "\r\n").utf8))
  }
}

extension Mailer {
  /// The payment card of an order that is to be charged, for the shop: before a customer is told that its order is here, and
  /// when the card is another. Nil where the shop wants none, once it was sent, and for an order that waits for no card's money
  /// any more.
  ///
  /// That it is opened, and why, is an event first, each time.
  func cardMessage(_ mail: WaitingMail) async throws -> MailMessage? {
    guard let cards = configuration.cards, [.received, .paymentCard].contains(mail.kind), !mail.isCardSent else {
      return nil
    }
    let store = OrderDesk.Asker(actor: .store, keyNumber: 0)
    let order = try await desk.order(mail.order, store).order
    guard order.card != nil, order.axes.fulfilment == .held, [.unpaid, .declined].contains(order.axes.payment) else {
      return nil
    }
    let card: PaymentCardDetails
    do {
      card = try await desk.showCard(
        order: order.id, reason: "mailed to the shop's certificate", id: .new(), store)
    } catch OrderFault.purged { return nil }
    guard let sealed = cards.seal(card, of: order) else { throw OrderFault.invalid("card-mail-certificate") }
    var message = MailMessage(
      from: configuration.sender, to: cards.recipient, recipientName: "", subject: "Payment card of order \(order.id)",
      messageID: "card-\(messageID(mail))", date: Date(), text: "")
    message.sealed = sealed
    return message
  }
}
