import Logging
import NIOCore
import PinBytes
import PinEngine
import PinProtocol
import PinSealing
import PinWords

/// Hello and authenticate: who the client is, and that the server is who it should be.
extension Connection {
  /// Answers hello alike for every name, so that names cannot be tried out.
  func greet(_ slot: RequestSlot, frame: RawSpan, body: RawSpan) {
    let hello: Hello
    do throws(ProtocolFault) {
      guard case .hello(let message) = try RequestMessage.decode(.hello, body: body, limits: loop.limits) else {
        throw .malformedFrame
      }
      hello = message
      guard hello.method == .key || isSecured else { throw .invalid(.method) }
    } catch {
      fail(error, slot)
      return
    }
    claim = (hello.actorName, hello.method)
    guard let nonce = Bytes32(randomBytes(count: 32)) else { preconditionFailure("32 bytes were asked for") }
    let answer = HelloAnswer(
      storeID: loop.engine.catalogue.storeID, nonce: nonce, limits: loop.limits, server: loop.configuration.serverName)
    let message = loop.message(.done(.hello(answer)))
    var writer = ByteWriter()
    do throws(ProtocolFault) {
      try message.encode(
        operationNumber: slot.operationNumber, requestNumber: slot.requestNumber, into: &writer, limits: loop.limits)
    } catch {
      preconditionFailure("a hello's answer fits any frame")
    }
    let signed = AuthenticationTranscript.helloBytes(request: frame, answer: writer.bytes)
    let digest = Bytes32(SHA256Hasher.sha256(of: signed.span.bytes))
    session.greeted(AuthenticationTranscript(helloDigest: digest, channelBinding: channelBinding))
    answerHere(slot, message)
  }

  /// Compares the proof with the one that the claimed actor would have made.
  ///
  /// A name that is not known, or no longer allowed in, is treated as one with a key that nobody has: the same work,
  /// the same answer, at the same step.
  func checkProof(_ slot: RequestSlot, _ transcript: AuthenticationTranscript, body: RawSpan) {
    let request: Authenticate
    do throws(ProtocolFault) {
      guard case .authenticate(let message) = try RequestMessage.decode(.authenticate, body: body, limits: loop.limits)
      else { throw .malformedFrame }
      request = message
    } catch {
      fail(error, slot)
      return
    }
    guard let claim else { preconditionFailure("hello comes before authenticate") }
    let known = loop.engine.catalogue.actor(named: claim.name)
    guard let proved = prove(request.proof, claim.method, known, transcript), let known, !known.description.isRevoked
    else {
      turnAway(slot, claim.name, known?.description.id)
      return
    }
    session.proved()
    loop.counters.sessionsOpen += 1
    loop.strangers.left()
    actor = proved.actor
    self.claim = nil
    loop.logger.info(
      "authenticated", metadata: ["connection": "\(name)", "actor": "\(known.description.name)"])
    let answer = AuthenticateAnswer(proof: proved.answer, actor: known.description.id, roles: known.description.roles)
    answerHere(slot, loop.message(.done(.authenticate(answer))))
  }

  /// Where the client is, as it is told in the log.
  private var address: String { socket?.address ?? "unknown" }

  /// Whose session the proof opens, and the server's own proof in answer; nil if it is not the actor's.
  private func prove(
    _ proof: Bytes32, _ method: AuthenticationMethod, _ known: Catalogue.Actor?, _ transcript: AuthenticationTranscript
  ) -> (actor: SessionActor, answer: Bytes32)? {
    switch method {
    case .key:
      let signed = transcript.bytes(signedBy: .client)
      var proving: Catalogue.ActorKey?
      // Two keys are tried for every name, whether there are any or not.
      for key in [known?.key, known?.oldKey] {
        let isProof = proof == Bytes32(hmacSHA256(under: key?.secret ?? loop.nobodysKey, signed))
        if isProof, let key { proving = key }
      }
      guard let known, let proving, known.hasKey(proving.number, at: loop.now) else { return nil }
      let answer = Bytes32(hmacSHA256(under: proving.secret, transcript.bytes(signedBy: .server)))
      return (session(of: known, keyNumber: proving.number), answer)
    case .certificate:
      guard let known, proof == .zero, let certificate = peerCertificate,
        certificate.names(actor: known.description.name)
      else { return nil }
      let endsAt = UInt64(clamping: certificate.notValidAfter) * 1000
      return (session(of: known, keyNumber: 0, certificateEndsAtMilliseconds: endsAt), .zero)
    }
  }

  private func session(
    of known: Catalogue.Actor, keyNumber: UInt64, certificateEndsAtMilliseconds: UInt64? = nil
  ) -> SessionActor {
    SessionActor(
      id: known.description.id, keyNumber: keyNumber, certificateEndsAtMilliseconds: certificateEndsAtMilliseconds,
      rate: loop.rates.rate(of: known.description))
  }

  /// The client's certificate, which TLS has verified.
  private var peerCertificate: PeerCertificate? { socket?.peerCertificate }

  /// Whoever has one address of IPv6 has a network of them.
  private var neighbourhood: String { socket?.network ?? address }

  /// Refuses the proof, later the more there were, so that trying many costs time.
  private func turnAway(_ slot: RequestSlot, _ claimed: String, _ known: ActorID?) {
    loop.counters.authenticationFailures += 1
    loop.logOfStrangers(
      .authenticationFailed, .warning,
      ["connection": "\(name)", "actor": "\(claimed)", "address": "\(address)"])
    _ = session.failed(.authenticationFailed)
    closesWhenAnswered = true
    let number = slots.append(slot)
    let message = loop.message(.fault(.authenticationFailed))
    let first = loop.configuration.authenticationFailureDelay.nanoseconds / 1_000_000
    let (delay, event) = loop.failedProofs.note(
      name: claimed, address: neighbourhood, actor: known, firstMilliseconds: first, at: loop.now)
    if let event {
      let engine = loop.engine
      Task { await engine.noteFailedProofs(event) }
    }
    heldBack = loop.poll.schedule(in: .milliseconds(delay)) { [self] in
      heldBack = nil
      complete(number, .message(message))
      settle()
    }
  }
}
