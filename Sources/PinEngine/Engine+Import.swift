import PinSealing
import PinWords

/// Imports: one at a time; declared, loaded in chunks, committed by one event or abandoned.
extension Engine {
  /// Begins a purchase. An import that has fallen silent gives way; one that is under way has the asker try again.
  package func begin(_ begin: BeginPurchase, as actor: ActorID, keyNumber: UInt64) async -> Answered {
    let keys = begin.lots.map { _ in newKey(.lot) }
    let command = Command.internalCommand(InternalCommand(.beginPurchase(begin, keys: keys)))
    var answered = await perform(command, as: actor, keyNumber: keyNumber)
    if case .refused(.importRunning(let running)) = answered.outcome,
      desk.patienceMilliseconds(for: running) == 0
    {
      _ = await abandon(running, as: .store)
      answered = await perform(command, as: actor, keyNumber: keyNumber)
    }
    if case .purchase(let purchase, let lots) = answered.outcome, !answered.isRepeat {
      precondition(lots.allSatisfy { catalogue.lot($0.lot).purchase == purchase }, "a purchase's lots are published")
      await desk.begin(purchase)
    }
    return answered
  }

  /// Seals and loads a chunk of at most `Limits.cardsPerChunk` cards, in its turn; the answer comes on another thread. The
  /// cards are durable when the purchase is committed, and gone with a crash before that.
  public func load(
    _ purchase: PurchaseID, chunk number: UInt32, _ chunk: consuming CardChunk,
    answer: @escaping @Sendable (Result<LoadedChunk, Refusal>) -> Void
  ) {
    guard chunk.count <= Int(limits.cardsPerChunk) else { return answer(.failure(.invalid(.count))) }
    desk.load(purchase, chunk: number, chunk, answer: answer)
  }

  /// Makes the cards loaded so far stock, all of them at once; ids that were declared and not loaded become void.
  package func commit(_ purchase: PurchaseID, as actor: ActorID, keyNumber: UInt64) async -> Answered {
    // If it is not the one under way, the machine knows whether this is a repeat.
    let loaded = await desk.close(purchase)
    let command = InternalCommand(.commitPurchase(purchase, loaded: loaded))
    let answered = await perform(.internalCommand(command), as: actor, keyNumber: keyNumber)
    if case .purchase = answered.outcome { await desk.end(purchase) } else { await desk.reopen(purchase) }
    return answered
  }

  /// Gives a purchase up: its ids become void, and what was loaded is removed.
  package func abandon(_ purchase: PurchaseID, as actor: ActorID, keyNumber: UInt64) async -> Answered {
    let command = Command.internalCommand(InternalCommand(.abandonPurchase(purchase)))
    let answered = await perform(command, as: actor, keyNumber: keyNumber)
    if case .done = answered.outcome, !answered.isRepeat { await desk.discard(purchase) }
    return answered
  }

  /// A new key, wrapped, with the random number that its wrapping is bound to.
  func newKey(_ kind: KeyPurpose.Kind) -> KeyRecord { KeyRecord.new(kind, under: keyring.storeKey).record }
}

extension KeyRecord {
  /// A new random key and its record.
  static func new(_ kind: KeyPurpose.Kind, under storeKey: SecretKey) -> (key: SecretKey, record: KeyRecord) {
    let number = UInt64.random(in: .min ... .max)
    let key = SecretKey.random()
    let wrapped = wrap(key, under: storeKey, purpose: KeyPurpose(kind: kind, number: number))
    return (key, KeyRecord(number: number, wrapped: wrapped))
  }
}
