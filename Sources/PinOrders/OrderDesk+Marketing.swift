import Foundation
import PinEngine
import PinSealing
import PinWords

/// Marketing by mail: to whoever consents, until they say that they do not.
extension OrderDesk {
  /// What became of a mailing.
  package struct Mailing: Sendable {
    package var mailed = 0
    /// Those that do not consent, are barred, or do not exist: they are sent nothing.
    package var leftOut: [RequestID] = []
  }

  /// Throws for a letter that is sent to nobody.
  package func check(_ letter: Letter) throws(OrderFault) {
    guard sendsMarketing else { throw .invalid("mailing") }
    if let part = letter.invalidPart { throw .invalid(part) }
  }

  /// Has each of these customers who consents sent a letter; the same mailing again sends none of them a second.
  package func mail(
    _ letter: Letter, to customers: [RequestID], mailing: RequestID, _ asker: Asker
  ) async throws -> Mailing {
    try check(letter)
    guard (1...256).contains(customers.count), Set(customers).count == customers.count else {
      throw OrderFault.invalid("customers")
    }
    var done = Mailing()
    for customer in customers {
      let id = Self.letterID(mailing, customer)
      do {
        _ = try await keeping(letter, id: id, asker, .sendMail) { document in
          try await ask(.mailCustomer(CustomerMail(id: id, customer: customer, letter: document)), asker) {
            if case .done = $0 { true } else { nil }
          }
        }
        done.mailed += 1
      } catch OrderFault.purged {
        // It was sent before, and what it said is purged since.
        done.mailed += 1
      } catch OrderFault.orderRefused(.noConsent), OrderFault.orderRefused(.unknownCustomer) {
        done.leftOut.append(customer)
      }
    }
    return done
  }

  /// Of each letter of a mailing, so that it is sent once however often the mailing is asked for.
  private static func letterID(_ mailing: RequestID, _ customer: RequestID) -> RequestID {
    let digest = SHA256Hasher.sha256(of: Array("\(mailing) \(customer)".utf8).span.bytes)
    let numbers = [0, 8].map { start in digest.bytes[start..<start + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
    return RequestID(high: numbers[0], low: numbers[1])
  }

  func letter(_ name: DocumentName) throws -> Letter? { try read(Letter.self, name) }

  // MARK: The way out

  /// What a customer ends its consent by: its id, and what nobody guesses.
  package func unsubscribingToken(of customer: RequestID) -> String {
    Self.token(customer, engine.unsubscribingProof(of: customer))
  }

  /// The customer that a token was made for.
  package func customer(unsubscribingBy token: String) throws -> RequestID {
    guard let id = Self.id(in: token, provedBy: engine.unsubscribingProof) else {
      throw OrderFault.orderRefused(.unknownCustomer)
    }
    return id
  }

  /// Ends the consent of whoever a token was made for; once it is ended, that is all.
  package func endConsent(by token: String) async throws {
    let id = try customer(unsubscribingBy: token)
    let store = Asker(actor: .store, keyNumber: 0)
    // Somebody else may change the customer at the same time.
    for _ in 0..<8 {
      let customer = try await ask(.customer(id), store) { if case .customer(let found) = $0 { found } else { nil } }
        .value
      guard customer.consents else { return }
      let change = CustomerChange(
        id: .new(), customer: id, version: customer.version, consents: false, document: customer.document,
        marks: customer.marks)
      do {
        _ = try await ask(.defineCustomer(change), store) { if case .customer = $0 { true } else { nil } }
        return
      } catch OrderFault.orderRefused(.staleVersion) {}
    }
    throw OrderFault.refused(.busy(retryAfterMilliseconds: 1000))
  }

  // MARK: Mails that were given up

  /// Has a mail tried again that was given up.
  package func sendAgain(_ mail: MailName, _ asker: Asker) async throws {
    _ = try await ask(.sendAgain(mail), asker) { if case .done = $0 { true } else { nil } }
  }
}

/// What a marketing mail says: a document.
package struct Letter: Codable, Hashable, Sendable {
  package var subject: String
  package var paragraphs: [String]

  package init(subject: String, paragraphs: [String]) {
    self.subject = subject
    self.paragraphs = paragraphs
  }

  /// The first part that cannot be so; nil if all can.
  package var invalidPart: String? {
    guard subject.isLine(atMost: 200) else { return "subject" }
    let areLines = paragraphs.allSatisfy { $0.isLine(atMost: 4000) }
    return (1...50).contains(paragraphs.count) && areLines ? nil : "paragraphs"
  }
}
