import Curl
import Foundation
import Logging
import PinEngine
import PinWords
import ServiceLifecycle

/// Sends the mails of the outbox, each at least once: a mail is done when the event that says so is on disk.
///
/// Before a mail with PINs leaves, an event says that they are opened (law 2), each time. One mail has one Message-ID.
package struct Mailer: Service {
  package struct Configuration: Sendable {
    package var server: MailServer
    /// The shop's address.
    package var sender: String
    /// Where customers follow their orders: the token is put at its end.
    package var trackingURL: String?
    /// Nil where the shop sends no marketing.
    package var marketing: Marketing?
    /// Nil where payment cards are never mailed.
    package var cards: CardMail?
    /// What mails say.
    package var templates: MailTemplates
    /// Who is told that stock is low; nil for the shop's own address.
    package var stockRecipient: String?
    /// After a failure, doubled from one to the next up to an hour.
    package var firstRetrySeconds: UInt64 = 30
    /// Then a person must look at it.
    package var mostAttempts: UInt16 = 40

    package init(server: MailServer, sender: String, templates: MailTemplates) {
      self.server = server
      self.sender = sender
      self.templates = templates
    }
  }

  /// What each marketing mail says besides: the law wants it.
  package struct Marketing: Sendable {
    /// Where customers end their consent: the token is put at its end.
    package var unsubscribingURL: String
    package var postalAddress: String

    package init(unsubscribingURL: String, postalAddress: String) {
      self.unsubscribingURL = unsubscribingURL
      self.postalAddress = postalAddress
    }
  }

  let desk: OrderDesk
  let configuration: Configuration
  private let logger: Logger
  private var engine: Engine { desk.engine }

  package init(desk: OrderDesk, configuration: Configuration, logger: Logger) {
    self.desk = desk
    self.configuration = configuration
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled, engine.failure == nil { await sendWaiting() }
    }
  }

  /// Sends what may be sent now; when there is nothing, waits until there may be.
  private func sendWaiting() async {
    let head = engine.headSequence
    let answered = await engine.perform(.orders(.dueMails), as: .store)
    guard case .dueMails(let mails, let next) = answered.outcome else {
      try? await Task.sleep(for: .milliseconds(200))
      return
    }
    for mail in mails where !Task.isCancelled { await send(mail) }
    if !mails.isEmpty { return }
    let now = answered.timeMilliseconds
    let wait = next <= now ? 0 : min(next - now, 1000)
    await engine.waitForEvent(head + 1, milliseconds: UInt32(wait))
    // While others change much, it is enough to look now and then.
    try? await Task.sleep(for: .milliseconds(50))
  }

  private func send(_ mail: WaitingMail) async {
    let outcome = await attempt(mail)
    let delay = min(configuration.firstRetrySeconds << min(UInt64(mail.attempts), 12), 3600)
    let isLast = mail.attempts + 1 >= configuration.mostAttempts
    var (noted, notBefore) = (MailOutcome.sent, UInt64(0))
    switch outcome {
    case .sent: break
    case .cardSent: noted = .cardSent
    case .failed(let reason, let isFinal) where isFinal || isLast:
      logger.error("a mail is given up", metadata: ["mail": "\(mail.cause)", "reason": "\(reason)"])
      noted = .givenUp
    case .failed(let reason, _):
      logger.warning("a mail was not taken", metadata: ["mail": "\(mail.cause)", "reason": "\(reason)"])
      (noted, notBefore) = (.deferred, UInt64(Date().timeIntervalSince1970 * 1000) + delay * 1000)
    case .unwanted: noted = .dropped
    case .interrupted: return
    }
    let note = Command.orders(.noteMail(MailName(mail), noted, notBeforeMilliseconds: notBefore))
    if let letter = mail.letter, noted.isLast {
      // What it said is purged.
      _ = await engine.performReplacing(note, id: letter.id, as: .store)
    } else {
      _ = await engine.perform(note, as: .store)
    }
  }

  private enum Attempt {
    case sent
    /// The payment card alone, which goes before it.
    case cardSent
    case failed(reason: String, isFinal: Bool)
    /// Its customer consents no more.
    case unwanted
    /// The store stops.
    case interrupted
  }

  private func attempt(_ mail: WaitingMail) async -> Attempt {
    let message: MailMessage
    do {
      if let sealed = try await cardMessage(mail) {
        try await configuration.server.send(from: sealed.from, to: sealed.to, message: sealed.bytes)
        return mail.kind == .paymentCard ? .sent : .cardSent
      } else if mail.kind == .paymentCard {
        return .unwanted
      }
      guard let made = try await self.message(mail) else { return .failed(reason: "nobody to tell", isFinal: true) }
      message = made
    } catch let fault as CurlFault {
      return .failed(reason: fault.description, isFinal: false)
    } catch OrderFault.orderRefused(.noConsent) {
      return .unwanted
    } catch OrderFault.refused(.stopping) {
      return .interrupted
    } catch {
      return .failed(reason: "it cannot be written", isFinal: false)
    }
    do {
      try await configuration.server.send(from: message.from, to: message.to, message: message.bytes)
      return .sent
    } catch let fault as CurlFault {
      // Other codes of this class, and a login that failed, tell of the shop's own settings, not of this mail.
      return .failed(reason: fault.description, isFinal: (550...554).contains(fault.code) && !fault.isLogin)
    } catch {
      return .failed(reason: "\(error)", isFinal: false)
    }
  }

  /// The mail as it is to be sent; nil when who it was for was purged.
  private func message(_ mail: WaitingMail) async throws -> MailMessage? {
    let store = OrderDesk.Asker(actor: .store, keyNumber: 0)
    if mail.kind == .lowStock { return try await stockMessage(mail, store) }
    if mail.kind == .marketing { return try await marketingMessage(mail, store) }
    let order = try await desk.order(mail.order, store)
    if mail.kind == .refundLost { return lostMessage(mail, order.order) }
    guard let details = try await desk.customer(order.order.customer, store).1 else { return nil }
    var text = MailText(order: order, customer: details, catalogue: engine.catalogue)
    text.trackingAddress = configuration.trackingURL.map { $0 + desk.trackingToken(of: mail.order) }
    if mail.kind == .delivery { text.cards = try await openCards(of: mail.order) }
    return message(mail, to: details.email, details.name, text.values(mail.kind))
  }

  /// The warning that a product's stock is low, as it stands when it is sent.
  private func stockMessage(_ mail: WaitingMail, _ store: OrderDesk.Asker) async throws -> MailMessage? {
    guard let product = engine.catalogue.product(mail.product) else { return nil }
    let level = try await desk.level(of: product.id, store)
    let values: [String: any Sendable] = [
      "product": product.name, "sku": product.sku, "regular": "\(level.regular)",
      "threshold": "\(product.lowStockThreshold)",
    ]
    return message(mail, to: configuration.stockRecipient ?? configuration.sender, "Stock", values)
  }

  /// That a customer did not get back what the gateway gave back: the shop has to see to it.
  private func lostMessage(_ mail: WaitingMail, _ order: Order) -> MailMessage? {
    let wanted = min(order.creditedMinor, order.paidMinor)
    let missing = wanted - min(order.refundedMinor, wanted)
    let values: [String: any Sendable] = [
      "order": "\(order.id)", "missing": "\(order.currency.text(minor: missing)) \(order.currency)",
      "authorisation": order.authorisation,
    ]
    return message(mail, to: configuration.sender, "Payments", values)
  }

  /// A letter to a customer, if it still consents; nil while the shop does not say how to get no more.
  private func marketingMessage(_ mail: WaitingMail, _ store: OrderDesk.Asker) async throws -> MailMessage? {
    let (customer, details) = try await desk.customer(mail.order, store)
    guard customer.consents, !customer.isBarred else { throw OrderFault.orderRefused(.noConsent) }
    guard let marketing = configuration.marketing, let details, let name = mail.letter,
      let letter = try desk.letter(name)
    else { return nil }
    let address = marketing.unsubscribingURL + desk.unsubscribingToken(of: customer.id)
    let paragraphs = letter.paragraphs.map { ["paragraph": $0] as [String: any Sendable] }
    var message = message(
      mail, to: details.email, details.name,
      [
        "customer": details.name, "subject": letter.subject, "paragraphs": paragraphs, "unsubscribe": address,
        "postal_address": marketing.postalAddress,
      ])
    // One click, without a page between (RFC 8058).
    message?.headers = ["List-Unsubscribe: <\(address)>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    return message
  }

  /// The mail that the templates make of these values; nil for a kind that nobody is told.
  private func message(
    _ mail: WaitingMail, to address: String, _ name: String, _ values: [String: any Sendable]
  ) -> MailMessage? {
    configuration.templates.render(mail.kind, values).map { rendered in
      MailMessage(
        from: configuration.sender, to: address, recipientName: name, subject: rendered.subject,
        messageID: messageID(mail), date: Date(), text: rendered.text, page: rendered.page)
    }
  }

  /// Constant for a mail, however often it is sent.
  func messageID(_ mail: WaitingMail) -> String {
    let domain = configuration.sender.split(separator: "@").last ?? "localhost"
    return "\(MailName(mail)).\(engine.catalogue.storeID)@\(domain)"
  }

  /// The cards of an order that are with its customer, a page at a time, each page an event before it is opened.
  private func openCards(of order: RequestID) async throws -> [Card] {
    var cards: [Card] = []
    var next: UInt32 = 0
    while true {
      let answered = await engine.perform(.reprint(Reprint(reservation: order, firstIndex: next)), as: .store)
      switch answered.outcome {
      case .delivery(let delivery):
        cards += try engine.cards(of: delivery)
        guard delivery.nextIndex > next, delivery.nextIndex < delivery.totalCount else { return cards }
        next = delivery.nextIndex
      case .refused(let refusal): throw OrderFault.refused(refusal)
      default: preconditionFailure("a reprint was answered with something else")
      }
    }
  }
}
