import PinWords
import Testing

@testable import PinEngine

@Suite("Letters to customers, and mails that were given up")
struct LetterTests {
  @Test("A letter waits for whoever consents and is not barred, and for nobody else; roles as the table says")
  func consent() async throws {
    let shop = try await Shop()
    let yes = try await shop.customer(consents: true)
    #expect(try await shop.mail(yes, as: shop.reviewer).refusal == .notPermitted)
    guard case .done = try await shop.mail(yes, as: shop.clerk) else { throw Unexpected(what: "letter") }
    let mail = try #require(try await shop.mails().first)
    #expect(mail.kind == .marketing && mail.order == yes && mail.letter != nil)

    try await shop.endConsent(yes)
    let barred = try await shop.customer(consents: true)
    try await shop.change(try await shop.submit(barred, count: 1, card: 9), .deny(reason: "stolen"), as: shop.reviewer)
    for customer in [yes, barred, try await shop.customer()] {
      guard case .orderRefused(.noConsent) = try await shop.mail(customer, as: shop.clerk) else {
        throw Unexpected(what: "a letter to somebody who does not consent")
      }
    }
    guard case .orderRefused(.unknownCustomer) = try await shop.mail(shop.bench.id(), as: shop.clerk) else {
      throw Unexpected(what: "a letter to nobody")
    }
    // The end of a consent replaces no document: it is the same customer.
    guard case .customer(let customer) = await shop.bench.ask(.orders(.customer(yes)), as: .store) else {
      throw Unexpected(what: "customer")
    }
    #expect(!customer.consents && customer.version == 2)
    #expect(try shop.bench.engine.document(customer.document) == Array("customer".utf8))
    #expect(try await shop.soundAfterRestart())
    #expect(try shop.bench.engine.document(customer.document) == Array("customer".utf8))
    _ = await shop.note(mail, .dropped)
    #expect(!(try await shop.mails().contains { $0.cause == mail.cause }))
    #expect(try await shop.soundAfterRestart())
  }

  @Test("What a letter said is purged when it waits no more, after a crash in between, too; and not before")
  func purged() async throws {
    let shop = try await Shop()
    for (outcome, crashes, isThere) in [
      (MailOutcome.sent, false, false), (.sent, true, false), (.dropped, true, false), (.deferred, true, true),
      (.givenUp, true, true),
    ] {
      _ = try await shop.mail(try await shop.customer(consents: true), as: shop.clerk)
      let mail = try #require(try await shop.mails().last)
      let letter = try #require(mail.letter)
      if crashes {
        // Marked, noted, and not purged yet.
        _ = try await shop.bench.engine.keep([], id: letter.id).get()
        let note = Command.orders(.noteMail(MailName(mail), outcome, notBeforeMilliseconds: 1))
        guard case .done = await shop.bench.ask(note, as: .store) else { throw Unexpected(what: "note") }
      } else {
        _ = await shop.note(mail, outcome)
      }
      try shop.bench.restart()
      #expect(try (shop.bench.engine.document(letter) != nil) == isThere, "\(outcome)")
    }
    #expect(try await shop.soundAfterRestart())
  }

  @Test("One that was given up is tried again as if for the first time; one that waits is left alone; none is unknown")
  func again() async throws {
    let shop = try await Shop()
    _ = try await shop.submit(try await shop.customer(), count: 1, card: 9)
    let mail = try #require(try await shop.mails().first)
    for outcome in [MailOutcome.deferred, .givenUp] { _ = await shop.note(mail, outcome) }
    #expect(try await shop.mails().isEmpty)
    let command = Command.orders(.sendAgain(MailName(mail)))
    #expect(await shop.bench.ask(command, as: shop.reviewer).refusal == .notPermitted)
    for _ in 1...2 {
      guard case .done = await shop.bench.ask(command, as: shop.clerk) else { throw Unexpected(what: "again") }
      #expect(try await shop.mails().map(\.attempts) == [0])
    }
    #expect(try shop.events().filter { $0.kind == .mailTried }.count == 3)
    #expect(try await shop.soundAfterRestart())
    _ = await shop.note(mail, .sent)
    guard case .orderRefused(.unknownMail) = await shop.bench.ask(command, as: shop.clerk) else {
      throw Unexpected(what: "a mail that was sent")
    }
  }

  @Test(
    "A mail has one name in writing",
    arguments: [
      ("17", true), ("17-3", true), ("17-0", false), ("017", false), ("17-", false), ("", false), ("-1", false),
    ])
  func names(text: String, isOne: Bool) {
    #expect(MailName(text).map { "\($0)" } == (isOne ? text : nil))
  }
}
