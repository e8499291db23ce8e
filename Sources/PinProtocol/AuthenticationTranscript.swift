import PinBytes

/// What client and server have said to each other so far, which both sign with HMAC-SHA-256 under the actor's key.
///
/// The bytes to sign are 81:
///
///     0 label, 17 bytes of ASCII · 17 SHA-256 of the hello request's and the hello answer's whole frames, in a row
///     49 channel binding, 32 bytes
///
/// Each side's label differs, so that neither proof can be played back as the other. The frames hold both nonces, so that
/// none can be played back in another session. The channel binding ties both to this TLS channel, so that a server cannot
/// pass a client's proof on to another one.
public struct AuthenticationTranscript: Hashable, Sendable {
  /// What tells the two proofs apart.
  public enum Side: String, Sendable, CaseIterable {
    case client = "PINVAULT-1-CLIENT"
    case server = "PINVAULT-1-SERVER"
  }

  /// SHA-256 of `helloBytes(request:answer:)`.
  public var helloDigest: Bytes32
  /// SHA-256 of the DER of the server's own certificate under TLS (`tls-server-end-point`, RFC 5929); zero in clear.
  public var channelBinding: Bytes32

  public init(helloDigest: Bytes32, channelBinding: Bytes32 = .zero) {
    self.helloDigest = helloDigest
    self.channelBinding = channelBinding
  }

  /// The bytes to hash for `helloDigest`: both whole frames, headers included.
  public static func helloBytes(request: RawSpan, answer: RawSpan) -> [UInt8] {
    Array(request) + Array(answer)
  }

  /// The 81 bytes that this side signs.
  public func bytes(signedBy side: Side) -> [UInt8] {
    var writer = ByteWriter(capacity: 96)
    writer.write(text: side.rawValue)
    writer.write(helloDigest)
    writer.write(channelBinding)
    return Array(writer.bytes)
  }
}
