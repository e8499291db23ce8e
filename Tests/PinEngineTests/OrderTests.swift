import Foundation
import PinStore
import PinWords
import Testing

@testable import PinEngine

@Suite("An order's change and its cards' change are one event")
struct OrderTests {
  @Test("A first order is reviewed, paid and delivered; the next with the same card goes through by itself")
  func life() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer()
    let first = try await shop.submit(customer, count: 3)
    #expect(try await shop.axes(first) == OrderAxes(.pending, .unpaid, .held))
    #expect(try await shop.bench.level(shop.product).reserved == 3)
    try await shop.change(first, .approve, as: shop.reviewer)
    #expect(try await shop.axes(first) == OrderAxes(.approved, .unpaid, .held))
    try await shop.change(first, .recordPayment(authorisation: "A-17"), as: shop.clerk)
    #expect(try await shop.axes(first) == OrderAxes(.approved, .paid, .delivered))
    #expect(try await shop.bench.level(shop.product).delivered == 3)

    let second = try await shop.submit(customer, count: 1)
    #expect(try await shop.axes(second) == OrderAxes(.approved, .unpaid, .held))
    try await shop.change(second, .recordPayment(authorisation: "A-18"), as: shop.clerk)
    #expect(try await shop.axes(second).fulfilment == .delivered)

    let third = try await shop.submit(customer, count: 1, card: 2)
    #expect(try await shop.axes(third).review == .pending)
    try await shop.change(third, .changeCard(shop.card(1)), as: shop.storefront)
    #expect(try await shop.axes(third).review == .approved)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("Delivered once approved and paid, whichever comes last; each change is one event with its cards' in it")
  func paidFirst() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(try await shop.customer(), count: 2)
    try await shop.change(order, .recordPayment(authorisation: "A-17"), as: shop.clerk)
    #expect(try await shop.axes(order) == OrderAxes(.pending, .paid, .held))
    let before = shop.bench.engine.headSequence
    try await shop.change(order, .approve, as: shop.reviewer)
    #expect(shop.bench.engine.headSequence == before + 1)
    let event = try #require(try shop.events().last)
    guard case .orderChanged(let changed) = event.facts else { throw Unexpected(what: "\(event)") }
    #expect(changed.cards?.kind == .dispensed && changed.mail == .delivery)
    #expect(changed.order.axes == OrderAxes(.approved, .paid, .delivered))
  }

  /// Each act on orders that stand in each of these ways: `x` where the design lets it pass.
  static let acts = """
                     pending  paid-pending  approved  declined  posted  delivered  shipped  returned  cancelled  denied  pardoned  deleted
      approve        x        x             .         .         .       .          .        .         .          .       .         .
      deny           x        x             .         .         .       .          .        .         .          .       .         .
      record-payment x        .             x         x         .       .          .        .         .          .       .         .
      decline        x        .             x         .         .       .          .        .         .          .       .         .
      change-card    x        .             x         x         .       .          .        .         .          .       .         .
      cancel         x        x             x         x         x       .          .        .         .          .       .         .
      take-back      .        .             .         .         .       x          x        .         .          .       .         .
      ship           .        .             .         .         x       .          .        .         .          .       .         .
      pardon         .        .             .         .         .       .          .        .         .          x       .         .
      delete         .        .             .         .         .       .          .        x         .          .       .         .
    """

  @Test("Each act is done where the design lets it, and refused everywhere else with nothing changed")
  func everyActEverywhere() async throws {
    let rows = Self.acts.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let shop = try await Shop(count: 400)
    for row in rows.dropFirst() {
      let act = try #require(OrderAct.allCases.first { $0.name == row[0] })
      for (standing, mark) in zip(rows[0], row.dropFirst()) {
        let order = try await shop.order(standing: standing)
        let before = try await shop.found(order)
        let head = shop.bench.engine.headSequence
        let outcome = await shop.ask(order, try shop.act(act), version: before.order.version, as: shop.all)
        if mark == "x" {
          guard case .orderChanged = outcome else { throw Unexpected(what: "\(row[0]) \(standing): \(outcome)") }
        } else {
          guard case .orderRefused(.wrongState(before.order.axes)) = outcome else {
            throw Unexpected(what: "\(row[0]) \(standing): \(outcome)")
          }
          #expect(shop.bench.engine.headSequence == head)
          #expect(try await shop.found(order).order == before.order)
        }
      }
    }
    #expect(try await shop.soundAfterRestart())
  }

  @Test("Who may do an act: one of its roles, and nobody else")
  func roles() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(try await shop.customer(), count: 1)
    let terminal = try await shop.bench.actor("till", .terminal)
    for (act, actor) in [
      (OrderChange.Act.approve, shop.clerk), (.approve, shop.storefront), (.deny(reason: "r"), shop.clerk),
      (.recordPayment(authorisation: "A"), shop.reviewer), (.takeBack([]), shop.storefront),
      (.ship(carrier: "c", trackingNumber: "1"), shop.storefront), (.cancel(reason: "r"), shop.reviewer),
      (.cancel(reason: "r"), terminal),
    ] {
      #expect(await shop.ask(order, act, version: 1, as: actor).refusal == .notPermitted, "\(act)")
    }
    let other = try await shop.bench.actor("other-shop", .storefront)
    #expect(await shop.ask(order, .cancel(reason: "r"), version: 1, as: other).refusal == .notYours)
  }

  @Test("A version that was changed since is refused; the same change again is answered the same and done once")
  func versions() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(try await shop.customer(), count: 1)
    try await shop.change(order, .approve, as: shop.reviewer)
    let stale = await shop.ask(order, .cancel(reason: "late"), version: 1, as: shop.clerk)
    guard case .orderRefused(.staleVersion(present: 2)) = stale else { throw Unexpected(what: "\(stale)") }
    let pay = OrderChange(
      id: shop.bench.id(), order: order, version: 2, act: .recordPayment(authorisation: "A-1"))
    let once = await shop.bench.engine.perform(.orders(.change(pay)), as: shop.clerk)
    let again = await shop.bench.engine.perform(.orders(.change(pay)), as: shop.clerk)
    #expect(!once.isRepeat && again.isRepeat && once.sequence == again.sequence)
    guard case .orderChanged(let one) = once.outcome, case .orderChanged(one) = again.outcome else {
      throw Unexpected(what: "\(again)")
    }
    var other = pay
    other.act = .recordPayment(authorisation: "A-2")
    #expect(await shop.bench.ask(.orders(.change(other)), as: shop.clerk).refusal == .idReused(.authorisation))
  }

  @Test("What becomes of an order's cards, only the order decides; not even whoever submitted it, nor time")
  func cardsAreTheOrders() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(try await shop.customer(), count: 2)
    for command in [
      Command.dispense(order), .release(order), .reverse(order), .confirm(order), .reprint(Reprint(reservation: order)),
      .extend(Extend(reservation: order, deadlineMilliseconds: 1)),
      .return(Return(id: shop.bench.id(), reservation: order)),
    ] {
      #expect(await shop.bench.ask(command, as: shop.all).refusal == .notYours, "\(command)")
    }
    try await shop.change(order, .cancel(reason: "a mistake"), as: shop.storefront)
    #expect(try await shop.bench.level(shop.product).regular == 40)
    // The record of a hold that was given up is forgotten after this time; an order's stays.
    shop.bench.clock.advance(milliseconds: 91 * 86_400_000)
    _ = try await shop.customer()
    #expect(try await shop.found(order).lines.count == 1)
  }

  @Test("Cards that come back become used stock, some or all; the credit is what they were sold for, never more")
  func takeBack() async throws {
    let shop = try await Shop()
    let order = try await shop.order(standing: "delivered")
    let slices = try await shop.slices(order)
    let one = Extent(first: slices[0].extent.first, count: 1)
    try await shop.change(order, .takeBack([one]), as: shop.clerk)
    let part = try await shop.found(order)
    #expect(part.order.axes == OrderAxes(.approved, .paid, .delivered) && part.order.creditedMinor == 1000)
    #expect(part.delivered == [1])
    let twice = await shop.ask(order, .takeBack([one]), version: part.order.version, as: shop.clerk)
    #expect(twice.refusal == .notInCustody(one.first))
    try await shop.change(order, .takeBack([]), as: shop.clerk)
    let all = try await shop.found(order)
    #expect(all.order.axes == OrderAxes(.approved, .refunded, .returned) && all.order.creditedMinor == 2000)
    let level = try await shop.bench.level(shop.product)
    #expect(level.used == 2 && level.delivered == 0)
  }

  @Test("A denied customer is barred; another one's orders, stock and money are checked before anything is reserved")
  func refusals() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer()
    let order = try await shop.submit(customer, count: 1)
    try await shop.change(order, .deny(reason: "stolen card"), as: shop.reviewer)
    #expect(try await shop.bench.level(shop.product).regular == 40)
    let euro = try await shop.euroProduct()
    let fresh = try await shop.customer()
    for (customer, lines, refusal) in [
      (customer, [Line(product: shop.product, count: 1)], OrderRefusal.barred),
      (RequestID(high: 1, low: 9), [Line(product: shop.product, count: 1)], .unknownCustomer),
      (fresh, [Line(product: shop.product, count: 1), Line(product: euro, count: 1)], .otherCurrency),
    ] {
      let outcome = await shop.ask(
        shop.bench.id(), .submit(.init(customer: customer, lines: lines)), version: 0, as: shop.storefront)
      guard case .orderRefused(refusal) = outcome else { throw Unexpected(what: "\(refusal): \(outcome)") }
    }
    for (line, refusal) in [
      (Line(product: shop.product, count: 41), Refusal.insufficientStock(shop.product, available: 40)),
      (Line(product: ProductID(99), count: 1), .unknownProduct(ProductID(99))),
      (Line(product: shop.product, count: 1, discountMinor: 1001), .invalid(.discount)),
      (Line(product: shop.product, count: 1, condition: .used), .notPermitted),
    ] {
      let outcome = await shop.ask(
        shop.bench.id(), .submit(.init(customer: fresh, lines: [line])), version: 0, as: shop.storefront)
      #expect(outcome.refusal == refusal)
    }
  }

  @Test("A mail waits from its event until one says that it was sent; a dead one is seen and not tried")
  func outbox() async throws {
    let shop = try await Shop()
    _ = try await shop.order(standing: "delivered")
    let mails = try await shop.mails()
    #expect(mails.map(\.kind) == [.received, .delivery])
    let now = shop.bench.clock.nowMilliseconds()
    _ = await shop.note(mails[0], .sent)
    _ = await shop.note(mails[1], .deferred, notBefore: now + 5000)
    #expect(try await shop.mails().isEmpty)
    try shop.bench.restart()
    shop.bench.clock.advance(milliseconds: 5000)
    #expect(try await shop.mails().map(\.attempts) == [1])
    _ = await shop.note(mails[1], .givenUp)
    #expect(try await shop.mails().isEmpty)
    #expect(try await shop.mails(isDead: true).map(\.attempts) == [2])
    #expect(
      await shop.bench.ask(.orders(.noteMail(MailName(mails[0]), .sent, notBeforeMilliseconds: 0)), as: shop.all)
        .refusal
        == .notPermitted)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("That a payment card was shown is an event with a name and a reason")
  func showCard() async throws {
    let shop = try await Shop()
    let order = try await shop.submit(try await shop.customer(), count: 1)
    let show = ShowCard(id: shop.bench.id(), order: order, reason: "to charge it")
    #expect(await shop.bench.ask(.orders(.showCard(show)), as: shop.storefront).refusal == .notPermitted)
    var silent = show
    silent.reason = ""
    #expect(await shop.bench.ask(.orders(.showCard(silent)), as: shop.clerk).refusal == .invalid(.reason))
    guard case .cardShown(let name) = await shop.bench.ask(.orders(.showCard(show)), as: shop.clerk) else {
      throw Unexpected(what: "no card")
    }
    let event = try #require(try shop.events().last)
    #expect(event.actor == shop.clerk && event.facts == .cardShown(order: order, document: name, reason: show.reason))
  }

  @Test("What goes by post is not delivered but shipped: its cards are disclosed then, and no PIN is mailed")
  func byPost() async throws {
    let shop = try await Shop()
    let order = try await shop.order(standing: "posted")
    #expect(try await shop.axes(order) == OrderAxes(.approved, .paid, .held))
    #expect(try await shop.bench.level(shop.product).reserved == 2)
    let nameless = await shop.ask(order, .ship(carrier: "", trackingNumber: "1"), version: 3, as: shop.clerk)
    #expect(nameless.refusal == .invalid(.carrier))
    try await shop.change(order, .ship(carrier: "ACME Parcels", trackingNumber: "AP-1"), as: shop.clerk)
    let found = try await shop.found(order)
    #expect(found.order.axes == OrderAxes(.approved, .paid, .shipped) && found.delivered == [2])
    #expect(found.order.carrier == "ACME Parcels" && found.order.trackingNumber == "AP-1")
    #expect(try await shop.mails().map(\.kind) == [.received, .shipped])
    try await shop.change(order, .takeBack([]), as: shop.clerk)
    #expect(try await shop.axes(order) == OrderAxes(.approved, .refunded, .returned))
    #expect(try await shop.soundAfterRestart())
  }

  @Test(
    "Whatever a denied order was known by has the next one reviewed, which says what; anything else does not",
    arguments: [
      (Mark.Kind.email, 7), (.address, 7), (.device, 7), (.card, 7), (.email, 8), (.address, 8), (.device, 8),
      (.card, 8),
    ] as [(Mark.Kind, UInt8)])
  func fraudList(kind: Mark.Kind, number: UInt8) async throws {
    let shop = try await Shop()
    func order(_ kind: Mark.Kind, _ number: UInt8, of customer: RequestID) async throws -> RequestID {
      try await shop.submit(
        customer, count: 1, card: kind == .card ? number : 1, device: kind == .device ? shop.mark(.device, number) : nil
      )
    }
    func customer(_ kind: Mark.Kind, _ number: UInt8) async throws -> RequestID {
      try await shop.customer(marks: [.email, .address].contains(kind) ? [shop.mark(kind, number)] : [])
    }
    let known = try await customer(kind, number)
    let first = try await order(.address, 0, of: known)
    try await shop.change(first, .approve, as: shop.reviewer)
    for listed in Mark.Kind.allCases {
      // Each its own card but for the one that is listed, so that only the kind in question is.
      let bad = try await shop.customer(marks: listed == .email || listed == .address ? [shop.mark(listed, 7)] : [])
      let denied = try await shop.submit(
        bad, count: 1, card: listed == .card ? 7 : 9, device: listed == .device ? shop.mark(.device, 7) : nil)
      try await shop.change(denied, .deny(reason: "stolen card"), as: shop.reviewer)
    }
    let next = try await shop.found(try await order(kind, number, of: known)).order
    let isListed = number == 7
    #expect(next.suspicions == (isListed ? Suspicions(kind) : []))
    // Another payment card than the approved one is reviewed, too.
    #expect(next.axes.review == (isListed || kind == .card ? .pending : .approved))
    if kind == .card, isListed {
      try await shop.change(next.id, .changeCard(shop.card(1)), as: shop.storefront)
      let cleared = try await shop.found(next.id).order
      #expect(cleared.suspicions.isEmpty && cleared.axes.review == .approved)
    }
    #expect(try await shop.soundAfterRestart())
  }

  @Test(
    "A pardon takes the customer and the marks of its denial off the fraud list, and no mark that another denial put")
  func pardon() async throws {
    let shop = try await Shop()
    func denied(email: UInt8) async throws -> (customer: RequestID, order: RequestID) {
      let customer = try await shop.customer(marks: [shop.mark(.email, email), shop.mark(.address, 5)])
      let order = try await shop.submit(customer, count: 1, card: email)
      try await shop.change(order, .deny(reason: "stolen"), as: shop.reviewer)
      return (customer, order)
    }
    let first = try await denied(email: 1)
    let second = try await denied(email: 2)
    #expect(await shop.ask(first.order, .pardon(reason: "r"), version: 2, as: shop.clerk).refusal == .notPermitted)
    #expect(
      await shop.ask(first.order, .pardon(reason: ""), version: 2, as: shop.reviewer).refusal == .invalid(.reason))
    try await shop.change(first.order, .pardon(reason: "the bank erred"), as: shop.reviewer)
    #expect(try await shop.axes(first.order) == OrderAxes(.pardoned, .unpaid, .cancelled))
    // It orders again; only the address, which the second denial put on the list anew, makes it suspicious.
    let again = try await shop.found(try await shop.submit(first.customer, count: 1, card: 1)).order
    #expect(again.suspicions == Suspicions(.address) && again.axes.review == .pending)
    try await shop.change(second.order, .pardon(reason: "that, too"), as: shop.reviewer)
    let clean = try await shop.found(try await shop.submit(second.customer, count: 1, card: 2)).order
    #expect(clean.suspicions.isEmpty)
    #expect(try await shop.soundAfterRestart())
  }

  @Test(
    "A pardon takes off what its denial put on, whatever the customer is known by since, and nothing of another denial")
  func pardonOfWhatWasDenied() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer(marks: [shop.mark(.email, 1), shop.mark(.address, 5)])
    // All three wait for review together.
    var orders: [RequestID] = []
    for card in [1, 2, 2] as [UInt8] { orders.append(try await shop.submit(customer, count: 1, card: card)) }
    try await shop.change(orders[0], .deny(reason: "stolen"), as: shop.reviewer)
    let denied = try await shop.found(orders[0]).order.denied
    #expect(denied == [shop.mark(.email, 1), shop.mark(.address, 5), Mark(.card, [UInt8](repeating: 1, count: 16))])
    // It moves, and gives another address; what the second denial puts on the list is of that.
    try await shop.define(customer, version: 1, marks: [shop.mark(.email, 2), shop.mark(.address, 5)])
    for order in orders[1...] { try await shop.change(order, .deny(reason: "stolen"), as: shop.reviewer) }
    func listed() async throws -> [Bool] {
      var listed: [Bool] = []
      for mark in [shop.mark(.email, 1), shop.mark(.email, 2), shop.mark(.address, 5)] {
        let order = try await shop.submit(try await shop.customer(marks: [mark]), count: 1, card: 9)
        listed.append(try await !shop.found(order).order.suspicions.isEmpty)
      }
      for card in [1, 2] as [UInt8] {
        let order = try await shop.submit(try await shop.customer(), count: 1, card: card)
        listed.append(try await !shop.found(order).order.suspicions.isEmpty)
      }
      return listed
    }
    func isBarred() async throws -> Bool {
      guard case .customer(let found) = await shop.bench.ask(.orders(.customer(customer)), as: shop.clerk) else {
        throw Unexpected(what: "customer")
      }
      return found.isBarred
    }
    #expect(try await listed() == [true, true, true, true, true])
    for (order, expected, stays) in [
      (orders[2], [true, true, true, true, true], true), (orders[0], [false, true, true, false, true], true),
      (orders[1], [false, false, false, false, false], false),
    ] {
      try await shop.change(order, .pardon(reason: "the bank erred"), as: shop.reviewer)
      #expect(try await listed() == expected)
      #expect(try await isBarred() == stays)
    }
    _ = try await shop.submit(customer, count: 1)
    #expect(try await shop.soundAfterRestart())
  }

  @Test("Each customer's orders are found by it, in pages of the order of their ids")
  func bought() async throws {
    let shop = try await Shop()
    let customers = [try await shop.customer(), try await shop.customer()]
    var bought: [RequestID: [RequestID]] = [:]
    for customer in customers + customers {
      bought[customer, default: []].append(try await shop.submit(customer, count: 1))
    }
    for customer in customers {
      guard
        case .orders(let orders, nil) = await shop.bench.ask(
          .orders(.ordersOf(customer, after: .zero)), as: shop.clerk)
      else { throw Unexpected(what: "orders") }
      #expect(orders.map(\.id) == bought[customer]!.sorted())
      guard
        case .orders(let rest, nil) = await shop.bench.ask(
          .orders(.ordersOf(customer, after: orders[0].id)), as: shop.clerk)
      else { throw Unexpected(what: "orders") }
      #expect(rest.map(\.id) == [orders[1].id])
    }
    guard case .customers(let all, nil) = await shop.bench.ask(.orders(.customers(after: .zero)), as: shop.clerk) else {
      throw Unexpected(what: "customers")
    }
    #expect(all.map(\.id) == customers.sorted())
    #expect(await shop.bench.ask(.orders(.customers(after: .zero)), as: shop.storefront).refusal == .notPermitted)
  }
}
