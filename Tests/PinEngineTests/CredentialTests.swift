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
      #expect(bench.engine.catalogue.password(of: clerk) == made && bench.engine.catalogue.credentials.count == 1)
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
    let first = try #require(bench.engine.catalogue.credentials.values.first { $0.name == "t0" })
    let end = CredentialChange(id: bench.id(), act: .end(first.id))
    for isRepeat in [false, true] {
      let answered = await bench.engine.change(end, as: clerk, keyNumber: 0)
      guard case .credential(let ended) = answered.outcome else { throw Unexpected(what: "end") }
      #expect(ended.isEnded && answered.isRepeat == isRepeat)
    }
    guard case .orderRefused(.unknownCredential) = await change(.end(first.id), bench, as: clerk) else {
      throw Unexpected(what: "ended twice")
    }
    let before = bench.engine.catalogue.credentials
    #expect(before.count == 32)
    try bench.restart()
    #expect(bench.engine.catalogue.credentials == before)
    #expect(try bench.engine.verify().sound)
  }

  /// What becomes of a document that a change replaces: `k` keeps the new one, `n` and `x` say that the change was done or
  /// came to nothing, `e` does it; `r` starts the store again.
  @Test(
    "What a change replaces is purged once the change is done, after a crash too, and never before",
    arguments: [
      ("ken", false), ("ke", true), ("ker", false), ("kx", true), ("kr", true), ("kxr", true), ("kenr", false),
    ])
  func replaced(steps: String, isThere: Bool) async throws {
    let bench = try Bench()
    let clerk = try await bench.actor("clerk", .clerk)
    let (first, second) = (bench.id(), bench.id())
    let before = try await bench.engine.keep(Array("first".utf8), id: first).get()
    _ = await bench.engine.change(
      CredentialChange(id: first, act: .setPassword(of: clerk, before.name)), as: clerk, keyNumber: 0)
    bench.engine.settle(first, as: .isNamed)
    var after = before
    for step in steps {
      switch step {
      case "k": after = try await bench.engine.keep(Array("second".utf8), id: second, replacing: first).get()
      case "e":
        let change = CredentialChange(id: second, act: .setPassword(of: clerk, after.name))
        guard case .credential = await bench.engine.change(change, as: clerk, keyNumber: 0).outcome else {
          throw Unexpected(what: "password")
        }
      case "n": bench.engine.settle(second, as: .isNamed)
      case "x": bench.engine.settle(second, as: .cameToNothing)
      default: try bench.restart()
      }
    }
    // What waits is done before this is.
    _ = try await bench.engine.keep(Array("another".utf8), id: bench.id()).get()
    #expect(try (bench.engine.document(before.name) != nil) == isThere)
    let isNew = try bench.engine.document(after.name) != nil
    #expect(isNew == steps.contains("e"))
    #expect(try bench.engine.verify().sound)
  }

  @Test("Who uses one id for two changes at once cannot have the one purge what the other replaces")
  func oneTarget() async throws {
    let bench = try Bench()
    let (mine, others, id) = (bench.id(), bench.id(), bench.id())
    for document in [mine, others] {
      _ = try await bench.engine.keep(Array("hash".utf8), id: document).get()
      bench.engine.settle(document, as: .unknown)
    }
    let kept = try await bench.engine.keep(Array("new".utf8), id: id, replacing: mine).get()
    let second = await bench.engine.keep(Array("new".utf8), id: id, replacing: others)
    guard case .failure(.busy) = second else { throw Unexpected(what: "a second attempt with another target") }
    bench.engine.settle(id, as: .isNamed)
    // What waits is done before this is.
    _ = try await bench.engine.keep(Array("another".utf8), id: bench.id()).get()
    #expect(try bench.engine.hasDocument(others) && bench.engine.hasDocument(kept.name.id))
    #expect(try !bench.engine.hasDocument(mine))
  }
}
