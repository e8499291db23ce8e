import Logging
import NIOCore
import NIOSSL
import PinBytes
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
    let key = known?.key ?? loop.nobodysKey
    let isProved: Bool
    let proof: Bytes32
    switch claim.method {
    case .key:
      isProved = request.proof == Bytes32(hmacSHA256(under: key, transcript.bytes(signedBy: .client)))
      proof = Bytes32(hmacSHA256(under: key, transcript.bytes(signedBy: .server)))
    case .certificate:
      isProved = request.proof == .zero && hasCertificate(of: claim.name)
      proof = .zero
    }
    guard isProved, let known, !known.description.isRevoked else {
      turnAway(slot, claim.name)
      return
    }
    session.proved()
    loop.counters.sessionsOpen += 1
    actor = (known.description.id, known.description.roles, known.key)
    self.claim = nil
    loop.logger.info(
      "authenticated", metadata: ["connection": "\(name)", "actor": "\(known.description.name)"])
    let answer = AuthenticateAnswer(proof: proof, actor: known.description.id, roles: known.description.roles)
    answerHere(slot, loop.message(.done(.authenticate(answer))))
  }

  /// Whether the client's certificate, which TLS has verified, was issued to this actor.
  private func hasCertificate(of name: String) -> Bool {
    guard let handler = try? context?.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self) else {
      return false
    }
    return handler.peerCertificate?.names(actor: name) ?? false
  }

  /// Refuses the proof, a little later, so that trying many costs time.
  private func turnAway(_ slot: RequestSlot, _ claimed: String) {
    loop.counters.authenticationFailures += 1
    loop.logger.warning(
      "authentication failed", metadata: ["connection": "\(name)", "actor": "\(claimed)"])
    _ = session.failed(.authenticationFailed)
    closesWhenAnswered = true
    let number = slots.append(slot)
    let message = loop.message(.fault(.authenticationFailed))
    let delay = loop.configuration.authenticationFailureDelay
    loop.eventLoop.assumeIsolated().scheduleTask(in: delay) { [self] in
      complete(number, .message(message))
      settle()
    }
  }
}
