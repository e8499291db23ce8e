import Foundation
import PinSealing
import PinStore
import PinWords
import Testing

@testable import PinEngine

/// The journal of a store on which every operation has been performed, so that it has every kind of event.
struct EverythingDone: Sendable {
  /// Each event's bytes and time, the first being of sequence 1.
  let events: [(bytes: [UInt8], timeMilliseconds: UInt64)]
  /// The journal's files, each with its name.
  let segments: [(name: String, bytes: [UInt8])]
  let report: VerificationReport
  /// All files of the stopped directory: before it was restored, and after.
  let filesBefore: [(path: String, bytes: [UInt8])]
  let filesRestored: [(path: String, bytes: [UInt8])]

  /// Every PIN that was imported.
  let pins = (0..<200).map { Bench.pin("A", $0) } + (0..<20).map { Bench.pin("B", $0) }

  /// Made once for all tests: it takes seconds.
  private static let made = Task { try await EverythingDone() }
  static var shared: EverythingDone { get async throws { try await made.value } }

  /// Small blocks and segments, so that the journal has several.
  private static let settings = {
    var settings = StoreSettings.small
    settings.largestBlockByteCount = 64 << 10
    settings.segmentByteCount = 96 << 10
    return settings
  }()

  private init() async throws {
    let bench = try Bench(settings: Self.settings)
    let directory = bench.directory + ".everything"
    try await Self.perform(on: bench)
    let masterKey = SecretKey.random()
    let backup = bench.directory + ".backup"
    defer { for path in [backup, directory] { try? FileManager.default.removeItem(atPath: path) } }
    bench.stop()
    try Engine.rekey(
      at: bench.directory, from: bench.masterKey, to: masterKey, settings: Self.settings, clock: bench.clock)
    filesBefore = try Self.files(in: bench.directory)
    _ = try Engine.backup(at: bench.directory, to: backup, settings: Self.settings)
    _ = try Engine.restore(from: backup, to: directory, settings: Self.settings, clock: bench.clock)
    let engine = try Engine(at: directory, masterKey: masterKey, settings: Self.settings, clock: bench.clock)
    report = try engine.verify()
    var events: [(bytes: [UInt8], timeMilliseconds: UInt64)] = []
    try engine.forEachEvent(from: 1) { event, _, time in
      events.append(([UInt8](event), time))
      return true
    }
    self.events = events
    engine.stop()
    filesRestored = try Self.files(in: directory)
    segments = filesRestored.filter { $0.path.hasSuffix(".journal") }
      .map { (String($0.path.dropFirst("journal/".count)), $0.bytes) }
  }

  /// Every file of a directory, in the order of their paths.
  private static func files(in directory: String) throws -> [(path: String, bytes: [UInt8])] {
    try FileManager.default.subpathsOfDirectory(atPath: directory).sorted().compactMap { path in
      let url = URL(fileURLWithPath: "\(directory)/\(path)")
      guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return nil }
      return (path, [UInt8](try Data(contentsOf: url)))
    }
  }

  /// Runs `body` with a directory that has these files.
  static func withDirectory<Result>(
    of files: [(path: String, bytes: [UInt8])], _ body: (_ directory: String) throws -> Result
  ) throws -> Result {
    let directory = NSTemporaryDirectory() + "pinvault-audited-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for (path, bytes) in files {
      let file = URL(fileURLWithPath: "\(directory)/\(path)")
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(bytes).write(to: file)
    }
    return try body(directory)
  }

  /// Runs `body` with a directory that has the journal, its first segment changed.
  func withJournal<Result>(
    changing change: (inout [UInt8]) throws -> Void = { _ in }, _ body: (_ directory: String) throws -> Result
  ) throws -> Result {
    let directory = NSTemporaryDirectory() + "pinvault-journal-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: "\(directory)/journal", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var segments = segments
    try change(&segments[0].bytes)
    for (name, bytes) in segments { try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/journal/\(name)")) }
    return try body(directory)
  }

  private static func perform(on bench: Bench) async throws {
    let till = try await bench.actor("till", .terminal)
    let clerk = try await bench.actor("clerk", .clerk)
    let shop = try await bench.actor("shop", [.storefront, .reviewer])
    let one = try await bench.product("ONE")
    let two = try await bench.product("TWO", price: 2500, minimumValidityDays: 3)
    try await bench.stock(one, 200, expiry: Day(atMilliseconds: bench.clock.nowMilliseconds()).adding(days: 400))
    try await bench.stock(two, 20, prefix: "B")
    try await define(bench, one, shop)
    try await sell(bench, one, two, till: till, clerk: clerk, shop: shop)
    try await keepStock(bench, one)
    try await abandonImports(bench, one)
    for actor in [till, clerk] { try done(await bench.ask(.closeShift(bench.id()), as: actor)) }
    bench.clock.advance(milliseconds: UInt64(bench.engine.limits.rememberedDays) * 86_400_000)
    try done(await bench.ask(.closeShift(bench.id()), as: till))
    try await leave(bench, two, till: till, clerk: clerk)
    try await order(bench)
  }

  /// An order of each kind of standing, a payment card shown, and mails sent, deferred and given up.
  private static func order(_ bench: Bench) async throws {
    let shop = try await Shop(bench: bench)
    // What an order's deletion puts back, one person may.
    let define = DefineApprovalRule(id: bench.id(), rule: ApprovalRule(cardsPerDay: 1000))
    let custodian = try #require(bench.engine.catalogue.actor(named: "custodian")).description.id
    try done(await bench.ask(.approve(Approve(id: bench.id(), request: .defineApprovalRule(define))), as: custodian))
    try done(await bench.ask(.defineApprovalRule(define), as: bench.administrator))
    // One that nobody uses, for the one before it has ended.
    let off = DefineApprovalRule(id: bench.id(), rule: .off)
    try done(await bench.ask(.approve(Approve(id: bench.id(), request: .defineApprovalRule(off))), as: custodian))
    for standing in [
      "pending", "declined", "delivered", "posted", "shipped", "returned", "cancelled", "denied", "pardoned", "deleted",
    ] {
      let order = try await shop.order(standing: standing)
      try done(
        await bench.ask(
          .orders(.showCard(ShowCard(id: bench.id(), order: order, reason: "to charge it"))), as: shop.clerk))
      guard standing == "delivered" else { continue }
      try done(await bench.ask(.reprint(Reprint(reservation: order)), as: .store))
      let one = Extent(first: try await shop.slices(order)[0].extent.first, count: 1)
      try await shop.change(order, .takeBack([one]), as: shop.clerk)
    }
    // Somebody who is denied, and somebody else with the same device.
    for email in [1, 2] as [UInt8] {
      let customer = try await shop.customer(marks: [shop.mark(.email, email), shop.mark(.address, 3)])
      let order = try await shop.submit(customer, count: 1, card: email, device: shop.mark(.device, 3))
      if email == 1 { try await shop.change(order, .deny(reason: "stolen"), as: shop.reviewer) }
    }
    try await shop.warn()
    // Paid by the gateway at once, declined, and given back.
    for acts in [
      [.approve, .openPayment("pi_1"), .takePayment(authorisation: "pi_1"), .takeBack([]), .refund(totalMinor: 500)],
      [.approve, .openPayment("pi_2"), .declinePayment(reason: "no funds"), .changeMethod(shop.method(201))],
      [.approve, .openPayment("pi_3")],
      [
        .approve, .openPayment("pi_4"), .takePayment(authorisation: "pi_4"), .takeBack([]), .refund(totalMinor: 500),
        .loseRefund(totalMinor: 0),
      ],
    ] as [[OrderChange.Act]] {
      let order = try await shop.submit(by: shop.method(200), as: try await shop.customer(), count: 1)
      for act in acts { try await shop.change(order, act, as: act.kind.isOfStore ? .store : shop.all) }
    }
    let paidByCard = try await shop.submit(try await shop.customer(), count: 1, card: 7)
    var sealedAnew = shop.card(7)
    sealedAnew.document.digest = [UInt8](repeating: 8, count: 32)
    try await shop.change(paidByCard, .resealCard(sealedAnew), as: .store)
    try await shop.change(paidByCard, .changeMethod(shop.method(7)), as: shop.storefront)
    let mails = try await shop.mails()
    for (mail, outcome) in zip(mails, [.sent, .deferred, .givenUp, .givenUp] as [MailOutcome]) {
      let again = outcome == .deferred ? bench.clock.nowMilliseconds() + 60_000 : 0
      try done(await shop.note(mail, outcome, notBefore: again))
    }
    try done(await bench.ask(.orders(.sendAgain(MailName(mails[2]))), as: shop.clerk))
    for mail in mails.dropFirst(4).filter({ $0.kind == .received }).prefix(1) {
      try done(await shop.note(mail, .cardSent))
    }
    // Letters: one waits, and one is dropped, for its customer consents no more.
    for ends in [false, true] {
      let customer = try await shop.customer(marks: [shop.mark(.email, ends ? 11 : 12)], consents: true)
      try done(try await shop.mail(customer, as: shop.clerk))
      guard ends else { continue }
      guard case .customerMailed(_, let document)? = try shop.events().last?.facts else { return }
      let letter = WaitingMail(
        cause: bench.engine.headSequence, letter: document, to: customer, dueMilliseconds: 0)
      try await shop.endConsent(customer)
      try done(await shop.note(letter, .dropped))
    }
    try await shop.sheet(.vendor, .vendor("Größe & Söhne"), version: 0)
    for kind in [SheetKind.picture, .rates] { try await shop.sheet(kind, .product(shop.product), version: 0) }
    for standing in ["draft", "approved", "received", "closed"] { _ = try await shop.purchaseOrder(standing: standing) }
    let short = try await shop.purchaseOrder([shop.product: 5])
    try await shop.change(short, .approve)
    try await shop.change(short, .receive(try await shop.import(shop.product, 1, declared: 3)))
    for act in [
      CredentialChange.Act.setPassword(
        of: shop.clerk, DocumentName(id: bench.id(), digest: [UInt8](repeating: 5, count: 32))),
      .addToken(
        of: shop.clerk, name: "nightly \"books\"", endsAtMilliseconds: bench.clock.nowMilliseconds() + 60_000,
        DocumentName(id: bench.id(), digest: [UInt8](repeating: 6, count: 32))),
      .setPassword(of: shop.clerk, DocumentName(id: bench.id(), digest: [UInt8](repeating: 7, count: 32))),
      .addToken(
        of: shop.reviewer, name: "gone", endsAtMilliseconds: 0,
        DocumentName(id: bench.id(), digest: [UInt8](repeating: 8, count: 32))),
    ] {
      let change = CredentialChange(id: bench.id(), act: act)
      try done(await bench.engine.change(change, as: bench.administrator, keyNumber: 0).outcome)
    }
    let gone = bench.engine.credentials.values.first { $0.name == "gone" }
    let end = CredentialChange(id: bench.id(), act: .end(gone?.id ?? .zero))
    try done(await bench.engine.change(end, as: shop.reviewer, keyNumber: 0).outcome)
    try await replace(shop)
    // One document that its change never named.
    _ = try await bench.engine.keep(Array("lost".utf8), id: bench.id()).get()
  }

  /// Changes that replace documents: a card's, a customer's, a sheet's, and all of actors that are shut out.
  private static func replace(_ shop: Shop) async throws {
    let bench = shop.bench
    try await shop.change(try await shop.order(standing: "declined"), .changeCard(shop.card(3)), as: shop.clerk)
    let customer = try await shop.customer()
    let id = bench.id()
    let kept = try await bench.engine.keep(Array("somebody else".utf8), id: id).get()
    let define = CustomerChange(id: id, customer: customer, version: 1, consents: true, document: kept.name)
    let answered = await bench.engine.perform(.orders(.defineCustomer(define)), as: shop.clerk)
    try done(answered.outcome)
    bench.engine.settle(id, as: .isNamed(replacing: answered.replaces))
    try await shop.sheet(.rates, .product(shop.product), version: 1)
    for (name, key) in [("left", KeyChange.keep), ("leaked", .renew)] {
      let actor = try await bench.actor(name, .clerk)
      for act in [
        CredentialChange.Act.setPassword(of: actor, shop.card(5).document),
        .addToken(of: actor, name: "one", endsAtMilliseconds: 0, shop.card(6).document),
      ] {
        let change = CredentialChange(id: bench.id(), act: act)
        try done(await bench.engine.change(change, as: actor, keyNumber: 0).outcome)
      }
      var description = try #require(bench.engine.catalogue.actor(actor)).description
      description.isRevoked = name == "left"
      let define = DefineActor(id: bench.id(), actor: description, keyChange: key)
      try done(await bench.engine.define(define, as: bench.administrator).answered.outcome)
    }
  }

  /// Leaves something of everything: a sale that can be reversed, a used card in stock, a hold given up and one held.
  private static func leave(_ bench: Bench, _ product: ProductID, till: ActorID, clerk: ActorID) async throws {
    let line = Line(product: product, count: 1)
    try done(await bench.ask(.vend(Vend(id: bench.id(), line: line)), as: till))
    let sold = bench.id()
    try done(await bench.ask(.vend(Vend(id: sold, line: line)), as: till))
    try done(await bench.ask(.return(Return(id: bench.id(), reservation: sold)), as: clerk))
    let lines = [Line(product: product, count: 3)]
    let released = bench.id()
    for id in [released, bench.id()] {
      try done(await bench.ask(.reserve(Reserve(id: id, holdSeconds: 604_800, lines: lines)), as: till))
      if id == released { try done(await bench.ask(.release(released), as: till)) }
    }
  }

  /// Changes names, with text that JSON must escape.
  private static func define(_ bench: Bench, _ product: ProductID, _ actor: ActorID) async throws {
    var changed = try #require(bench.engine.catalogue.products.first { $0.id == product })
    changed.name = #"Größe "10" \ € 🂡 </b>"#
    changed.instructions = "Dial\t*123#\r\nthen\u{1}wait\u{7F}"
    changed.lowStockThreshold = 5
    try done(await bench.ask(.defineProduct(DefineProduct(id: bench.id(), product: changed)), as: bench.administrator))
    var description = ActorDescription(id: actor, name: "shop", roles: .storefront)
    description.limits.requestsPerSecond = 900
    description.limits.currency = Currency("USD")
    description.limits.minute = ActorLimits.Allowance(cards: 40, reprints: 7, valueMinor: 0)
    description.limits.day = ActorLimits.Allowance(cards: 400, reprints: 0, valueMinor: 1 << 33)
    description.limits.products = [product]
    let soon = bench.clock.nowMilliseconds() + 60_000
    let changes: [KeyChange] = [
      .keep, .rotate(oldKeyEndsAtMilliseconds: 0), .endOldKey(atMilliseconds: soon), .endOldKey(atMilliseconds: 0),
      .renew, .rotate(oldKeyEndsAtMilliseconds: soon),
    ]
    for change in changes {
      let define = DefineActor(id: bench.id(), actor: description, keyChange: change)
      try done(await bench.engine.define(define, as: bench.administrator).answered.outcome)
    }
    var kiosk = ActorDescription(id: ActorID(0), name: "kiosk", roles: .terminal)
    kiosk.limits.currency = Currency("USD")
    kiosk.limits.day = ActorLimits.Allowance(cards: 2, valueMinor: 2600)
    let added = DefineActor(id: bench.id(), actor: kiosk)
    try done(await bench.engine.define(added, as: bench.administrator).answered.outcome)
    let stop = ProductStop(id: bench.id(), product: product, reason: "a \"recall\"")
    try done(await bench.ask(.freeze(stop), as: bench.administrator))
    let go = ProductStop(id: bench.id(), product: product, reason: "it was \\ nothing")
    try done(await bench.ask(.thaw(go), as: bench.administrator))
  }

  private static func sell(
    _ bench: Bench, _ one: ProductID, _ two: ProductID, till: ActorID, clerk: ActorID, shop: ActorID
  ) async throws {
    func ask(_ command: Command, _ actor: ActorID) async throws { try done(await bench.ask(command, as: actor)) }
    func reserve(_ lines: [Line], holdSeconds: UInt32 = 600, _ actor: ActorID) async throws -> RequestID {
      let id = bench.id()
      try await ask(.reserve(Reserve(id: id, holdSeconds: holdSeconds, lines: lines)), actor)
      return id
    }
    let line = Line(product: one, count: 3, discountMinor: 100, taxMinor: 19)
    let sold = bench.id()
    let vend = Command.vend(Vend(id: sold, sale: Sale(cashier: 4, tender: .cash), line: line))
    for _ in 1...2 { try await ask(vend, till) }
    try await ask(.confirm(sold), till)

    let many = try await reserve(
      [Line(product: one, count: 150), Line(product: two, count: 2), Line(product: one, count: 1)], till)
    try await ask(
      .extend(Extend(reservation: many, deadlineMilliseconds: bench.clock.nowMilliseconds() + 900_001)), till)
    try await ask(.dispense(many), till)
    try await ask(.reprint(Reprint(reservation: many, firstIndex: 128)), till)
    try await ask(.reprint(Reprint(reservation: many, count: 2)), clerk)

    let released = try await reserve([line], holdSeconds: 0, shop)
    try await ask(.release(released), shop)
    let expired = try await reserve([line], holdSeconds: 1, till)
    bench.clock.advance(milliseconds: 1000)
    #expect(await bench.ask(.dispense(expired), as: till).refusal == .deadlinePassed)

    try await ask(.reverse(bench.id()), till)
    try await ask(.reverse(try await reserve([line], till)), till)
    let unknown = bench.id()
    try await ask(.vend(Vend(id: unknown, line: line)), till)
    try await ask(.reverse(unknown), till)
    try await ask(
      .settle(Settle(id: bench.id(), reservation: unknown, reason: "the customer had it")), bench.administrator)

    let delivery = try #require(await bench.ask(vend, as: till).delivery)
    let last = Extent(first: delivery.slices[0].extent.last, count: 1)
    try await ask(.return(Return(id: bench.id(), reservation: sold, extents: [last])), clerk)
    try await ask(.return(Return(id: bench.id(), reservation: sold)), clerk)
    _ = try await reserve([Line(product: two, count: 1)], holdSeconds: 604_800, till)
  }

  private static func keepStock(_ bench: Bench, _ product: ProductID) async throws {
    let whole = [Extent(first: CardID(1), count: 180), Extent(first: CardID(190), count: 2)]
    let back = StockChange(id: bench.id(), extents: whole, reason: "Siegel unversehrt — geprüft")
    try done(await bench.ask(.reinventory(back), as: bench.administrator))
    let away = StockChange(id: bench.id(), extents: whole, reason: "water damage")
    try done(await bench.ask(.withdraw(away), as: bench.administrator))
    let custodian = try await bench.actor("custodian", .keyCustodian)
    let define = DefineApprovalRule(id: bench.id(), rule: ApprovalRule(cardsPerDay: 0))
    let approve = Approve(id: bench.id(), request: .defineApprovalRule(define))
    try done(await bench.ask(.approve(approve), as: custodian))
    try done(await bench.ask(.defineApprovalRule(define), as: bench.administrator))
    // One that nobody uses.
    let off = DefineApprovalRule(id: bench.id(), rule: .off)
    try done(await bench.ask(.approve(Approve(id: bench.id(), request: .defineApprovalRule(off))), as: custodian))
    let now = bench.clock.nowMilliseconds()
    await bench.engine.noteFailedProofs(.init(actor: custodian, count: 20, sinceMilliseconds: now - 5000))
  }

  /// Imports that come to nothing, each of as many lots as one may have: enough to fill a segment of the journal.
  private static func abandonImports(_ bench: Bench, _ product: ProductID) async throws {
    let today = Day(atMilliseconds: bench.clock.nowMilliseconds())
    for number in 1...4 {
      let lots = (0..<UInt32(bench.engine.limits.lotsPerPurchase)).map {
        DeclaredLot(expiry: today.adding(days: $0 * 97), count: $0 + 1)
      }
      let begin = BeginPurchase(
        id: bench.id(), product: product, vendor: "Other & Sons", unitCostMinor: 930, invoice: "R/2027-\(number)",
        lots: lots)
      let begun = await bench.engine.begin(begin, as: bench.administrator).outcome
      guard case .purchase(let purchase, _) = begun else { throw Unexpected(what: "begin: \(begun)") }
      try done(await bench.engine.abandon(purchase, as: bench.administrator).outcome)
    }
  }

  private static func done(_ outcome: Outcome) throws {
    if let refusal = outcome.refusal { throw Unexpected(what: "\(refusal)") }
  }
}
