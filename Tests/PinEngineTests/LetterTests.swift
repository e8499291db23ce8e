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
        // At once: whatever is kept next is kept after the purge.
        _ = try await shop.customer()
        #expect(try shop.bench.engine.document(letter) == nil)
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

  @Test("Those that were given up are told a page at a time, the one given up first first")
  func pages() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer(consents: true)
    var given: [MailName] = []
    for number in 1...70 {
      _ = try await shop.mail(customer, as: shop.clerk)
      let mail = try #require(try await shop.mails().first)
      _ = await shop.note(mail, .givenUp)
      given.append(MailName(mail))
      if number % 7 == 0 { shop.bench.clock.advance(milliseconds: 1) }
    }
    var pages: [[MailName]] = []
    var after: MailName?
    repeat {
      let outcome = await shop.bench.ask(.orders(.deadMails(after: after)), as: shop.clerk)
      guard case .deadMails(let mails, let next) = outcome else { throw Unexpected(what: "a page") }
      pages.append(mails.map { MailName($0) })
      after = next
    } while after != nil
    #expect(pages.map(\.count) == [32, 32, 6] && pages.flatMap { $0 } == given)
    let first = Command.orders(.deadMails(after: given[0]))
    _ = await shop.bench.ask(.orders(.sendAgain(given[0])), as: shop.clerk)
    guard case .orderRefused(.unknownMail) = await shop.bench.ask(first, as: shop.clerk) else {
      throw Unexpected(what: "a page after a mail that was not given up")
    }
    #expect(try await shop.soundAfterRestart())
  }

  @Test("Mails are handed out in the order in which they are due: nobody waits for ever behind those that come")
  func line() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer(consents: true)
    func letter() async throws -> UInt64 {
      _ = try await shop.mail(customer, as: shop.clerk)
      return shop.bench.engine.headSequence
    }
    let first = try await letter()
    let deferred = try #require(try await shop.mails().first)
    _ = await shop.note(deferred, .deferred, notBefore: shop.bench.clock.nowMilliseconds() + 2)
    shop.bench.clock.advance(milliseconds: 1)
    let second = try await letter()
    shop.bench.clock.advance(milliseconds: 2)
    let third = try await letter()
    #expect(try await shop.mails().map(\.cause) == [second, first, third])
    // What is tried again that was given up comes behind those that are due.
    let gone = try #require(try await shop.mails().first)
    _ = await shop.note(gone, .givenUp)
    shop.bench.clock.advance(milliseconds: 1)
    _ = await shop.bench.ask(.orders(.sendAgain(MailName(gone))), as: shop.clerk)
    #expect(try await shop.mails().map(\.cause) == [first, third, second])
    #expect(try await shop.soundAfterRestart())
  }

  @Test("After its payment card was sent a mail waits as if it had not been tried")
  func cardSent() async throws {
    let shop = try await Shop()
    _ = try await shop.submit(try await shop.customer(), count: 1, card: 9)
    let mail = try #require(try await shop.mails().first)
    #expect(mail.kind == .received && !mail.isCardSent)
    _ = await shop.note(mail, .deferred)
    _ = await shop.note(mail, .cardSent)
    var after = mail
    (after.isCardSent, after.dueMilliseconds) = (true, shop.bench.clock.nowMilliseconds())
    #expect(try await shop.mails() == [after])
    #expect(try await shop.soundAfterRestart())
    #expect(try await shop.mails() == [after])
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
