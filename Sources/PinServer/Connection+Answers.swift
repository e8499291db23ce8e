import NIOCore
import PinBytes
import PinEngine
import PinProtocol
import PinWords

/// An answer that has come, whether its turn has or not.
enum ReadyAnswer {
  /// The writer's, whose PINs are opened when its turn has come.
  case answered(Answered)
  case message(AnswerMessage)
  /// Of an aside, or an import; gets its sequence and time when its turn has come.
  case outcome(Result<Answer, Refusal>)
}

/// Answers in the order of their requests, and bytes out.
extension Connection {
  /// Answers a request on the spot, or as soon as those before it are answered.
  func answerHere(_ slot: RequestSlot, _ outcome: AnswerMessage.Outcome) {
    answerHere(slot, loop.message(outcome))
  }

  func answerHere(_ slot: RequestSlot, _ message: AnswerMessage) {
    complete(slots.append(slot), .message(message))
  }

  /// An answer has come: it is written if its turn has, and kept if not.
  func complete(_ number: UInt32, _ answer: ReadyAnswer) {
    guard isOpen, closingSince == nil else { return }
    guard number == slots.firstNumber, canEncode else {
      early[number] = answer
      return
    }
    encode(answer)
    drain()
  }

  /// Whether the client takes its answers. PINs of those it does not take stay sealed.
  private var canEncode: Bool { isWritable && outgoing.count < Self.outgoingByteLimit }

  /// Writes the answers whose turn has come.
  private func drain() {
    while !early.isEmpty, canEncode, let answer = early.removeValue(forKey: slots.firstNumber) { encode(answer) }
  }

  /// Brings everything to rest: writes out what has gathered, takes what had to wait, closes what is over.
  func settle() {
    var waiting: Int
    repeat {
      guard isOpen else { return }
      waiting = incoming.count
      drain()
      if waiting > 0, canTake { takeIncoming() }
    } while writeOut() || incoming.count < waiting
    guard let socket, closingSince == nil else { return }
    if slots.isEmpty, closesWhenAnswered || loop.isStopping {
      closeGently()
    } else {
      socket.resume()
    }
  }

  /// Writes out what has gathered, in one piece; false if there was nothing.
  private func writeOut() -> Bool {
    guard !outgoing.isEmpty, let socket else { return false }
    loop.counters.bytesOut += UInt64(outgoing.count)
    loop.counters.flushes += 1
    // Sending may find that the connection is lost, which empties `outgoing`.
    var sent = ByteQueue()
    swap(&sent, &outgoing)
    socket.send(&sent)
    // The room of a few answers is kept for the next.
    if isOpen, sent.capacity <= Self.keptByteCount { swap(&sent, &outgoing) }
    return true
  }

  // MARK: Encoding

  /// Writes the answer of the oldest request behind what has gathered.
  private func encode(_ answer: ReadyAnswer) {
    switch answer {
    case .answered(let answered): encode(answered)
    case .message(let message): encode(message, takeSlot())
    case .outcome(.success(let answer)): encode(loop.message(.done(answer)), takeSlot())
    case .outcome(.failure(let refusal)): encode(loop.message(.refused(refusal)), takeSlot())
    }
  }

  private func encode(_ answered: Answered) {
    let slot = takeSlot()
    if case .delivery(let delivery) = answered.outcome {
      encode(delivery, answered, slot)
    } else {
      encode(loop.message(of: answered, slot), slot)
    }
  }

  /// The oldest request, which is now answered.
  private func takeSlot() -> RequestSlot {
    defer { slots.removeFirst() }
    return slots.first
  }

  private func encode(_ message: AnswerMessage, _ slot: RequestSlot) {
    loop.counters.countAnswer(operationNumber: slot.operationNumber, status: message.status)
    if loop.logsRequests { log(slot, message.status, message.sequence) }
    loop.withWriter { writer in
      do throws(ProtocolFault) {
        try message.encode(
          operationNumber: slot.operationNumber, requestNumber: slot.requestNumber, into: &writer, limits: loop.limits)
      } catch {
        preconditionFailure("an answer is made to fit its frame")
      }
    } andThen: {
      outgoing.append($0)
    }
  }

  /// Opens the PINs of a delivery straight into its answer: its event is on disk by now (law 2).
  private func encode(_ delivery: PinEngine.Delivery, _ answered: Answered, _ slot: RequestSlot) {
    guard let operation = Operation(onWire: slot.operationNumber) else {
      preconditionFailure("a delivery answers a known operation")
    }
    let head = DeliveryHead(
      reservation: delivery.id, state: delivery.state, dispensedAtMilliseconds: delivery.dispensedAtMilliseconds,
      firstIndex: delivery.firstIndex, nextIndex: delivery.nextIndex, total: delivery.totalCount,
      printCount: delivery.printCount)
    do throws(CardFault) {
      try loop.open(
        delivery, operation, requestNumber: slot.requestNumber, answered: answered, head: head
      ) {
        outgoing.append($0)
      }
    } catch {
      // The sale stands and its cards are rotten: asked again with the same id when that is mended, it tells them.
      loop.counters.cardFaults += 1
      loop.logger.critical(
        "a card does not open", metadata: ["connection": "\(name)", "error": "\(error)"])
      encode(loop.message(.refused(.cardDamaged(error.card))), slot)
      return
    }
    loop.counters.cardsOpened += UInt64(delivery.openedCount)
    loop.counters.countAnswer(operationNumber: slot.operationNumber, status: .done)
    if loop.logsRequests { log(slot, .done, answered.sequence) }
  }

  private func log(_ slot: RequestSlot, _ status: Status, _ sequence: UInt64) {
    loop.logger.debug(
      "answered",
      metadata: [
        "connection": "\(name)", "actor": "\(actor?.id.rawValue ?? 0)",
        "operation": "\(Operation(onWire: slot.operationNumber)?.name ?? "none")", "status": "\(status)",
        "sequence": "\(sequence)",
      ])
  }
}
