import PinWords
import Testing

@testable import PinEngine

@Suite("Passwords and tokens: whose they are, who changes them, and what is left of them")
struct CredentialTests {
  private func document(_ bench: Bench) -> DocumentName {
    DocumentName(id: bench.id(), digest: [UInt8](repeating: 1, count: 32))
  }

  private func change(_ act: CredentialChange.Act, _ bench: Bench, as actor: ActorID) async -> Outcome {
    await bench.engine.change(CredentialChange(id: bench.id(), act: act), as: actor, keyNumber: 0).outcome
  }

  @Test(
    "Everybody changes its own; an administrator others', but no key custodian's while changes need a second person")
  func whoMay() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let other = try await bench.actor("other", .clerk)
    let custodian = try await bench.actor("custodian", .keyCustodian)
    for isOn in [false, true] {
      if isOn {
        let rule = DefineApprovalRule(id: bench.id(), rule: ApprovalRule(cardsPerDay: 10))
        let approve = Approve(id: bench.id(), request: .defineApprovalRule(rule))
        _ = await bench.ask(.approve(approve), as: custodian)
        _ = await bench.ask(.defineApprovalRule(rule), as: bench.administrator)
        #expect(bench.engine.catalogue.approvalRule.isOn)
      }
      for (owner, asker, may) in [
        (clerk, clerk, true), (clerk, other, false), (clerk, bench.administrator, true), (clerk, custodian, false),
        (custodian, custodian, true), (custodian, bench.administrator, !isOn),
        (ActorID(99), bench.administrator, nil),
      ] as [(ActorID, ActorID, Bool?)] {
        let name = "\(bench.id())"
        for act in [
          CredentialChange.Act.setPassword(of: owner, document(bench)),
          .addToken(of: owner, name: name, endsAtMilliseconds: 0, document(bench)),
        ] {
          let outcome = await change(act, bench, as: asker)
          guard let may else {
            #expect(outcome.refusal == .unknownActor)
            continue
          }
          if case .credential(let made) = outcome {
            #expect(may && made.actor == owner)
            // Shutting somebody out takes nobody's leave.
            if case .addToken = act {
              let end = await change(.end(made.id), bench, as: may ? bench.administrator : owner)
              guard case .credential(let ended) = end else { throw Unexpected(what: "\(end)") }
              #expect(ended.isEnded)
            }
          } else {
            #expect(!may && outcome.refusal == .notPermitted, "\(owner) by \(asker): \(outcome)")
          }
        }
      }
    }
  }

  @Test(
    "An actor has one password, tokens of different names that end, 32 at most; and the state is what the journal says")
  func rules() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    for _ in 0..<2 {
      guard case .credential(let made) = await change(.setPassword(of: clerk, document(bench)), bench, as: clerk) else {
        throw Unexpected(what: "password")
      }
      #expect(bench.engine.password(of: clerk) == made && bench.engine.credentials.count == 1)
    }
    func token(_ name: String, endsAt: UInt64 = 0) async -> Outcome {
      let add = CredentialChange.Act.addToken(of: clerk, name: name, endsAtMilliseconds: endsAt, document(bench))
      return await change(add, bench, as: clerk)
    }
    #expect(await token("").refusal == .invalid(.name))
    #expect(await token("old", endsAt: 1).refusal == .invalid(.deadline))
    for number in 0..<32 { guard case .credential = await token("t\(number)") else { throw Unexpected(what: "token") } }
    #expect(await token("t0").refusal == .nameTaken)
    guard case .orderRefused(.tooManyTokens(limit: 32)) = await token("t32") else { throw Unexpected(what: "many") }
    let first = try #require(bench.engine.credentials.values.first { $0.name == "t0" })
    let end = CredentialChange(id: bench.id(), act: .end(first.id))
    for isRepeat in [false, true] {
      let answered = await bench.engine.change(end, as: clerk, keyNumber: 0)
      guard case .credential(let ended) = answered.outcome else { throw Unexpected(what: "end") }
      #expect(ended.isEnded && answered.isRepeat == isRepeat)
    }
    guard case .orderRefused(.unknownCredential) = await change(.end(first.id), bench, as: clerk) else {
      throw Unexpected(what: "ended twice")
    }
    let before = bench.engine.credentials
    #expect(before.count == 32)
    try bench.restart()
    #expect(bench.engine.credentials == before)
    #expect(try bench.engine.verify().sound)
  }

  /// A change that gives the clerk a password, and what it is checked against, kept.
  private func keepPassword(_ id: RequestID, of owner: ActorID, _ bench: Bench) async throws -> CredentialChange {
    let kept = try await bench.engine.keep(Array("hash \(id)".utf8), id: id).get()
    return CredentialChange(id: id, act: .setPassword(of: owner, kept.name))
  }

  private func settlePassword(_ id: RequestID, of owner: ActorID, _ bench: Bench) async throws -> Answered {
    let change = try await keepPassword(id, of: owner, bench)
    let answered = await bench.engine.change(change, as: owner, keyNumber: 0)
    guard case .credential = answered.outcome else { throw Unexpected(what: "\(answered.outcome)") }
    bench.engine.settle(id, as: .isNamed(replacing: answered.replaces))
    return answered
  }

  /// What becomes of a document that a change replaces: `k` keeps the new one, `e` does the change, `n` says that it was done
  /// and `x` that it came to nothing; `r` starts the store again, as after a crash.
  @Test(
    "What a change replaces is purged once the change is done, after a crash too, and never before",
    arguments: [
      ("ken", false), ("ke", true), ("ker", false), ("kx", true), ("kr", true), ("kxr", true), ("kenr", false),
    ])
  func replaced(steps: String, isThere: Bool) async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let (first, second) = (bench.id(), bench.id())
    _ = try await settlePassword(first, of: clerk, bench)
    var change = CredentialChange(id: second, act: .end(second))
    var replaced: [RequestID] = []
    for step in steps {
      switch step {
      case "k": change = try await keepPassword(second, of: clerk, bench)
      case "e":
        let answered = await bench.engine.change(change, as: clerk, keyNumber: 0)
        replaced = answered.replaces
        #expect(replaced == [first])
      case "n": bench.engine.settle(second, as: .isNamed(replacing: replaced))
      case "x": bench.engine.settle(second, as: .cameToNothing)
      default: try bench.restart()
      }
    }
    #expect(try await bench.hasDocument(first) == isThere)
    #expect(try await bench.hasDocument(second) == steps.contains("e"))
    #expect(try bench.engine.verify().sound)
  }

  @Test("Two passwords that race each name what they really replaced: one hash is left, and it is the one that counts")
  func race() async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let ids = [bench.id(), bench.id(), bench.id()]
    _ = try await settlePassword(ids[0], of: clerk, bench)
    // Both are kept while the first is in force, and both are done before either has anything purged.
    var changes: [CredentialChange] = []
    for id in ids[1...] { changes.append(try await keepPassword(id, of: clerk, bench)) }
    var answers: [Answered] = []
    for change in changes { answers.append(await bench.engine.change(change, as: clerk, keyNumber: 0)) }
    #expect(answers.map(\.replaces) == [[ids[0]], [ids[1]]])
    for (id, answered) in zip(ids[1...], answers) {
      bench.engine.settle(id, as: .isNamed(replacing: answered.replaces))
    }
    for id in ids { #expect(try await bench.hasDocument(id) == (id == ids[2])) }
    #expect(bench.engine.password(of: clerk)?.id == ids[2])
  }

  @Test("Two attempts of one change at once purge what it replaced, and nothing else")
  func oneTarget() async throws {
    let bench = try Bench()
    let (clerk, other) = (try await bench.actor("clerk", .clerk), try await bench.actor("other", .clerk))
    let (mine, others, id) = (bench.id(), bench.id(), bench.id())
    _ = try await settlePassword(mine, of: clerk, bench)
    _ = try await settlePassword(others, of: other, bench)
    let first = try await keepPassword(id, of: clerk, bench)
    let second = try await keepPassword(id, of: other, bench)
    let done = await bench.engine.change(first, as: clerk, keyNumber: 0)
    let refused = await bench.engine.change(second, as: bench.administrator, keyNumber: 0)
    #expect(done.replaces == [mine] && refused.outcome.refusal == .idReused(.actor) && refused.replaces.isEmpty)
    bench.engine.settle(id, as: .cameToNothing)
    bench.engine.settle(id, as: .isNamed(replacing: done.replaces))
    #expect(try await bench.hasDocument(others))
    #expect(try await bench.hasDocument(id))
    #expect(try await !bench.hasDocument(mine))
    // The same once more is told what it replaced the first time.
    let again = await bench.engine.change(first, as: clerk, keyNumber: 0)
    #expect(again.isRepeat && again.replaces == [mine])
  }

  @Test("Who ends something under the id of another change has that one's document left alone")
  func othersID() async throws {
    let shop = try await Shop()
    let customer = try await shop.customer()
    guard case .customer(let found) = await shop.bench.ask(.orders(.customer(customer)), as: shop.clerk) else {
      throw Unexpected(what: "customer")
    }
    let end = CredentialChange(id: found.document.id, act: .end(shop.bench.id()))
    #expect(
      await shop.bench.engine.change(end, as: shop.clerk, keyNumber: 0).outcome.refusal == .idReused(.operation))
    #expect(try await shop.bench.hasDocument(found.document.id))
    try shop.bench.restart()
    #expect(try await shop.bench.hasDocument(found.document.id))
  }

  @Test(
    "Whoever is revoked, or has its key renewed, keeps no password and no token, and what they were checked against is gone",
    arguments: [
      (KeyChange.keep, true, true), (.renew, false, true), (.rotate(oldKeyEndsAtMilliseconds: 0), false, false),
    ])
  func shutOut(key: KeyChange, isRevoked: Bool, isEnded: Bool) async throws {
    let bench = try Bench()
    let (clerk, other) = (try await bench.actor("clerk", .clerk), try await bench.actor("other", .clerk))
    let (password, token, others) = (bench.id(), bench.id(), bench.id())
    _ = try await settlePassword(password, of: clerk, bench)
    _ = try await settlePassword(others, of: other, bench)
    let kept = try await bench.engine.keep(Array("token".utf8), id: token).get()
    let add = CredentialChange(
      id: token, act: .addToken(of: clerk, name: "books", endsAtMilliseconds: 0, kept.name))
    _ = await bench.engine.change(add, as: clerk, keyNumber: 0)
    bench.engine.settle(token, as: .isNamed(replacing: []))
    var actor = try #require(bench.engine.catalogue.actor(clerk)).description
    actor.isRevoked = isRevoked
    let define = DefineActor(id: bench.id(), actor: actor, keyChange: key)
    let answered = await bench.engine.define(define, as: bench.administrator).answered
    #expect(answered.replaces == (isEnded ? [password, token] : []))
    for id in [password, token] { #expect(try await bench.hasDocument(id) == !isEnded) }
    // Who is let in again comes with nothing from before.
    actor.isRevoked = false
    _ = await bench.engine.define(DefineActor(id: bench.id(), actor: actor), as: bench.administrator)
    #expect((bench.engine.password(of: clerk) == nil) == isEnded)
    #expect(bench.engine.credentials.count == (isEnded ? 1 : 3))
    #expect(try await bench.hasDocument(others))
    let before = bench.engine.credentials
    try bench.restart()
    #expect(bench.engine.credentials == before)
    #expect(try bench.engine.verify().sound)
  }
}

extension Bench {
  /// Whether there is a document under an id, once the desk has done what it was told.
  func hasDocument(_ id: RequestID) async throws -> Bool {
    _ = try await engine.keep(Array("another".utf8), id: self.id()).get()
    let transaction = try engine.store.payload.beginRead()
    let key = id.key
    return try transaction.value(for: key.span.bytes, in: CardTables(engine.store.payload.tables).documents) != nil
  }
}
