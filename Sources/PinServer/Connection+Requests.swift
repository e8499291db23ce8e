import NIOCore
import PinEngine
import PinProtocol
import PinWords

/// What each request becomes: a command for the writer, a chunk for the import, or an aside.
extension Connection {
  func serve(_ operation: Operation, _ slot: RequestSlot, body: RawSpan) {
    if let retryAfter = sessionActor.rate?.take(atNanoseconds: NIODeadline.now().uptimeNanoseconds) {
      return answerHere(slot, .refused(.tooManyRequests(retryAfterMilliseconds: retryAfter)))
    }
    do throws(ProtocolFault) {
      if operation == .loadCards {
        try load(slot, body)
      } else {
        serve(try RequestMessage.decode(operation, body: body, limits: loop.limits), slot)
      }
    } catch {
      fail(error, slot)
    }
  }

  private func serve(_ message: RequestMessage, _ slot: RequestSlot) {
    guard !loop.isStopping else { return answerHere(slot, .refused(.stopping)) }
    switch message {
    case .vend(let vend): submit(.vend(vend), slot)
    case .reserve(let reserve): submit(.reserve(reserve), slot)
    case .dispense(let id): submit(.dispense(id), slot)
    case .confirm(let id): submit(.confirm(id), slot)
    case .extend(let extend): submit(.extend(extend), slot)
    case .release(let id): submit(.release(id), slot)
    case .reverse(let id): submit(.reverse(id), slot)
    case .return(let request): submit(.return(request), slot)
    case .reprint(let reprint): submit(.reprint(reprint), slot)
    case .reinventory(let change): submit(.reinventory(change), slot)
    case .settle(let settle): submit(.settle(settle), slot)
    case .withdraw(let change): submit(.withdraw(change), slot)
    case .freeze(let stop): submit(.freeze(stop), slot)
    case .thaw(let stop): submit(.thaw(stop), slot)
    case .defineProduct(let define): submit(.defineProduct(define), slot)
    case .lookUp(let id): submit(.lookUp(id), slot)
    case .stock(let query):
      let product = query.product.rawValue == 0 ? nil : query.product
      submit(.stock(product), slot, parameter: query.after.rawValue)
    case .shiftTotals: submit(.shiftTotals, slot)
    case .closeShift(let id): submit(.closeShift(id), slot)
    case .actors(let query): submit(.actors, slot, parameter: query.after.rawValue)
    case .approve(let approve): submit(.approve(approve), slot)
    case .defineApprovalRule(let define): submit(.defineApprovalRule(define), slot)
    case .ping: answerHere(slot, .done(.nothing))
    case .beginPurchase, .commitPurchase, .abandonPurchase, .defineActor, .card, .catalogue, .events, .verify, .backup,
      .statistics:
      runAside(message, slot)
    case .hello, .authenticate, .loadCards: preconditionFailure("these are taken before")
    }
  }

  /// Puts a command among those that go to the writer at the end of this turn of the loop.
  private func submit(_ command: Command, _ slot: RequestSlot, parameter: UInt32 = 0) {
    var slot = slot
    slot.parameter = parameter
    awaitedCount += 1
    loop.gather(command, as: sessionActor, ticket: Ticket(connection: index, slot: slots.append(slot)))
  }

  /// Whose requests these are: the session is open.
  var sessionActor: SessionActor {
    guard let actor else { preconditionFailure("only an actor's requests are served") }
    return actor
  }

  /// Whether the actor may ask for an operation that is not the writer's; those the writer checks itself.
  func mayAsk(_ operation: Operation) -> Bool {
    loop.engine.allows(sessionActor.id, operation)
      && loop.engine.catalogue.actor(sessionActor.id)?.letsIn(sessionActor, at: loop.now) == true
  }

  /// Hands a chunk of cards to the import, copied once out of the frame and not into texts.
  private func load(_ slot: RequestSlot, _ body: RawSpan) throws(ProtocolFault) {
    var reader = try ChunkReader(body, limits: loop.limits)
    let (purchase, number) = (reader.purchase, reader.chunk)
    let chunk = CardChunk(capacity: body.byteCount)
    while let card = try reader.next() { chunk.append(expiry: card.expiry, serial: card.serial, pin: card.pin) }
    guard !loop.isStopping else { return answerHere(slot, .refused(.stopping)) }
    guard mayAsk(.loadCards) else { return answerHere(slot, .refused(.notPermitted)) }
    awaitedCount += 1
    let ticket = Ticket(connection: index, slot: slots.append(slot))
    let loop = loop
    loop.engine.load(purchase, chunk: number, chunk) { result in
      loop.poll.execute {
        loop.deliver(
          ticket,
          .outcome(
            result.map { .loaded(LoadCardsAnswer(accepted: UInt16($0.acceptedCount), refusals: $0.refusals)) }))
      }
    }
  }
}
