import NIOCore
import PinProtocol
import PinWords

/// Bytes in, frames out.
extension Connection {
  /// Before a session is open no request is longer than this, so that strangers take no room.
  private static let strangersFrameByteLimit: UInt32 = 1024

  /// Whether another request can be taken now. A client over its window, or one that does not read its answers, waits.
  var canTake: Bool {
    slots.count < Int(loop.limits.requestsInFlight) && !runsAside && isWritable
      && outgoing.readableBytes < Self.outgoingByteLimit && !closesWhenAnswered
  }

  /// Whether the channel is to be read: not while there is something left that could not be taken.
  var mayRead: Bool { closingSince != nil || canTake && !hasWholeFrame }

  /// Whether a whole frame lies here untaken.
  private var hasWholeFrame: Bool {
    guard let length = incoming.getInteger(at: incoming.readerIndex, as: UInt32.self) else { return false }
    return incoming.readableBytes >= Int(length)
  }

  /// Takes what the channel has read.
  func take(_ bytes: ByteBuffer) {
    loop.counters.bytesIn += UInt64(bytes.readableBytes)
    guard closingSince == nil, session.phase != .closing else { return }
    lastHeard = .now()
    if incoming.readableBytes == 0 {
      var bytes = bytes
      takeFrames(from: &bytes)
      guard bytes.readableBytes > 0, session.phase != .closing else { return }
      // A copy of what is left, so that a few bytes do not keep the channel's large buffer alive.
      incoming = ByteBuffer()
      incoming.writeBuffer(&bytes)
    } else {
      var bytes = bytes
      incoming.writeBuffer(&bytes)
      takeIncoming()
    }
  }

  /// Takes frames that had to wait.
  func takeIncoming() {
    guard incoming.readableBytes > 0 else { return }
    var bytes = ByteBuffer()
    swap(&bytes, &incoming)
    takeFrames(from: &bytes)
    guard session.phase != .closing, bytes.readableBytes > 0 else { return }
    bytes.discardReadBytes()
    incoming = bytes
  }

  private func takeFrames(from bytes: inout ByteBuffer) {
    loop.refreshCatalogue()
    while canTake, session.phase != .closing, bytes.readableBytes >= FrameHeader.byteCount {
      let header: FrameHeader
      do throws(ProtocolFault) {
        header = try FrameHeader(requestIn: bytes.readableBytesSpan, limit: loop.limits.frameBytes)
        try checkStranger(header)
      } catch {
        let operation = bytes.getInteger(at: bytes.readerIndex + 5, as: UInt8.self) ?? 0
        let number = bytes.getInteger(at: bytes.readerIndex + 8, as: UInt32.self) ?? 0
        fail(error, RequestSlot(operationNumber: operation, requestNumber: number))
        return
      }
      guard bytes.readableBytes >= Int(header.length) else { return }
      guard handle(header, bytes.readableBytesSpan.extracting(0..<Int(header.length))) else { return }
      bytes.moveReaderIndex(forwardBy: Int(header.length))
    }
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
