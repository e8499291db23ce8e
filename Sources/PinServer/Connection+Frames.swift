import PinBytes
import PinProtocol
import PinWords

/// Bytes in, frames out.
extension Connection {
  /// Before a session is open no request is longer than this, so that strangers take no room.
  private static let strangersFrameByteLimit: UInt32 = 1024

  /// What a client may still have on its way when its session ends. One that goes on is closed, whether it has had its last
  /// answer or not, so that nobody keeps the loop reading what it throws away.
  static let discardedByteLimit = 1 << 20

  /// The same of a stranger, who has no more than a hello and a proof to send: reading a megabyte of each slows the others.
  static let strangersDiscardedByteLimit = 64 << 10

  /// Whether another request can be taken now. A client over its window, or one that does not read its answers, waits.
  var canTake: Bool {
    slots.count < Int(loop.limits.requestsInFlight) && !runsAside && isWritable
      && outgoing.count < Self.outgoingByteLimit && !closesWhenAnswered
  }

  /// Whether the channel is to be read: not while there is something left that could not be taken.
  var mayRead: Bool { closingSince != nil || canTake && !hasWholeFrame }

  /// Whether a whole frame lies here untaken.
  private var hasWholeFrame: Bool {
    guard let length = incoming.first(as: UInt32.self) else { return false }
    return incoming.count >= Int(length)
  }

  /// Takes what the socket has brought.
  func take(_ bytes: RawSpan) {
    loop.counters.bytesIn += UInt64(bytes.byteCount)
    guard closingSince == nil, session.phase != .closing else { return discard(bytes.byteCount) }
    lastHeard = .now()
    if incoming.isEmpty {
      let taken = takeFrames(from: bytes)
      if isOpen, session.phase != .closing { incoming.append(bytes.extracting(taken...)) }
    } else {
      incoming.append(bytes)
      takeIncoming()
    }
  }

  private func discard(_ byteCount: Int) {
    discardedByteCount += byteCount
    let limit = isStranger ? Self.strangersDiscardedByteLimit : Self.discardedByteLimit
    if discardedByteCount > limit { closeNow() }
  }

  /// Takes frames that had to wait.
  func takeIncoming() {
    guard !incoming.isEmpty else { return }
    var waiting = ByteQueue()
    swap(&waiting, &incoming)
    waiting.removeFirst(takeFrames(from: waiting.bytes))
    if isOpen, session.phase != .closing, !waiting.isEmpty { swap(&waiting, &incoming) }
  }

  /// Takes as many frames as it can now, and says how many bytes they had.
  private func takeFrames(from bytes: RawSpan) -> Int {
    loop.refreshCatalogue()
    var taken = 0
    while canTake, session.phase != .closing, bytes.byteCount - taken >= FrameHeader.byteCount {
      let rest = bytes.extracting(taken...)
      let header: FrameHeader
      do throws(ProtocolFault) {
        header = try FrameHeader(requestIn: rest, limit: loop.limits.frameBytes)
        try checkStranger(header)
      } catch {
        fail(
          error,
          RequestSlot(
            operationNumber: rest.bigEndian(at: 5, as: UInt8.self),
            requestNumber: rest.bigEndian(at: 8, as: UInt32.self)))
        return taken
      }
      guard rest.byteCount >= Int(header.length), handle(header, rest.extracting(0..<Int(header.length))) else {
        return taken
      }
      taken += Int(header.length)
    }
    return taken
  }

  /// Checks what can be known before the body is here, of a client that has not said who it is.
  private func checkStranger(_ header: FrameHeader) throws(ProtocolFault) {
    guard session.phase != .open, header.length > Self.strangersFrameByteLimit else { return }
    let operation = try header.operation()
    let expected: Operation = session.phase == .awaitingHello ? .hello : .authenticate
    throw operation == expected ? .invalid(.frame) : .notAuthenticated
  }

  /// Handles a whole frame; false if it has to wait for what is under way.
  private func handle(_ header: FrameHeader, _ frame: RawSpan) -> Bool {
    let slot = RequestSlot(operationNumber: header.operationNumber, requestNumber: header.requestNumber)
    let body = frame.extracting(FrameHeader.byteCount..<frame.byteCount)
    let operation: Operation
    do throws(ProtocolFault) {
      operation = try header.operation()
    } catch {
      fail(error, slot)
      return true
    }
    if session.phase == .open, operation.runsAside, !slots.isEmpty { return false }
    switch session.received(operation) {
    case .greet: greet(slot, frame: frame, body: body)
    case .checkProof(let transcript): checkProof(slot, transcript, body: body)
    case .serve: serve(operation, slot, body: body)
    case .refuse(let fault): refuse(fault, slot)
    case .drop: break
    }
    return true
  }

  /// Something that came in is not as it must be: answers the fault, and closes where the session says so.
  func fail(_ fault: ProtocolFault, _ slot: RequestSlot) {
    switch session.failed(fault) {
    case .refuse(let fault): refuse(fault, slot)
    default: break
    }
  }

  /// Answers a fault in its turn.
  func refuse(_ fault: ProtocolFault, _ slot: RequestSlot) {
    if session.phase == .closing { closesWhenAnswered = true }
    answerHere(slot, .fault(fault))
  }
}

extension Operation {
  /// Whether it is not the writer's, and so runs alone: after all before it is answered, and before all behind it.
  ///
  /// That keeps the order of effects the order of requests. Ping is answered at once, and chunks of cards keep an order
  /// of their own.
  var runsAside: Bool {
    switch self {
    case .beginPurchase, .commitPurchase, .abandonPurchase, .defineActor, .card, .catalogue, .events, .verify, .backup,
      .statistics:
      true
    default: false
    }
  }
}

extension RawSpan {
  fileprivate func bigEndian<Value: FixedWidthInteger & BitwiseCopyable>(at offset: Int, as: Value.Type) -> Value {
    Value(bigEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}
