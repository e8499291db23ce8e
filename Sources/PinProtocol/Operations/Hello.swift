import PinBytes
import PinWords

// Request:
//   0 magic "PINV" · 4 lowest version u8 · 5 highest version u8 · 6 method u8 · 7 name length u8 · 8 client nonce 32
//   40 actor's name
// Answer:
//   16 store id 16 · 32 server nonce 32 · 64 the limits, 30 bytes · 94 version u8 · 95 server text length u8 · 96 server text

/// How an actor proves who it is.
public enum AuthenticationMethod: UInt8, Sendable, CaseIterable {
  /// By an HMAC under a key that both sides have.
  case key = 1
  /// By the certificate it showed in the TLS handshake.
  case certificate = 2
}

/// The first request of a session: which versions are spoken, and who is asking.
public struct Hello: Hashable, Sendable {
  public var lowestVersion: UInt8
  public var highestVersion: UInt8
  public var method: AuthenticationMethod
  /// 1 to 32 bytes: letters, digits, `-`, `_`, `.`.
  public var actorName: String
  /// Fresh for every session.
  public var nonce: Bytes32

  public init(
    lowestVersion: UInt8 = protocolVersion, highestVersion: UInt8 = protocolVersion,
    method: AuthenticationMethod = .key,
    actorName: String, nonce: Bytes32
  ) {
    self.lowestVersion = lowestVersion
    self.highestVersion = highestVersion
    self.method = method
    self.actorName = actorName
    self.nonce = nonce
  }
}

extension Hello: RequestBody {
  static let magic: UInt32 = 0x5049_4E56

  init(from reader: inout BodyReader) throws(ProtocolFault) {
    guard try reader.integer(UInt32.self) == Self.magic else { throw .malformedFrame }
    let lowest = try reader.integer(UInt8.self)
    let highest = try reader.integer(UInt8.self)
    let method = try reader.choice(AuthenticationMethod.self, .method)
    let nameLength = try reader.integer(UInt8.self)
    let nonce = try reader.bytes32()
    self.init(
      lowestVersion: lowest, highestVersion: highest, method: method, actorName: try reader.text(nameLength, .name),
      nonce: nonce)
  }

  func write(to writer: inout ByteWriter) {
    writer.write(Self.magic)
    writer.write(lowestVersion)
    writer.write(highestVersion)
    writer.write(method.rawValue)
    writer.write(actorName.shortByteCount)
    writer.write(nonce)
    writer.write(text: actorName)
  }

  func check(_ limits: Limits) throws(ProtocolFault) {
    guard lowestVersion <= protocolVersion, highestVersion >= protocolVersion else { throw .unsupportedVersion }
    try checkActorName(actorName)
  }
}

/// 1 to 32 letters, digits, `-`, `_` or `.`.
func checkActorName(_ name: String) throws(ProtocolFault) {
  try require((1...32).contains(name.utf8.count), .name)
  for byte in name.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      continue
    default: throw .invalid(.name)
    }
  }
}

/// What the server is, and what it allows.
public struct HelloAnswer: Hashable, Sendable {
  /// Changes when the store was restored from a backup that lacks its last events: what was sold since is not known.
  public var storeID: RequestID
  public var nonce: Bytes32
  public var limits: Limits
  public var version: UInt8
  /// The server's name and version, for people; up to 255 bytes.
  public var server: String

  public init(
    storeID: RequestID, nonce: Bytes32, limits: Limits, version: UInt8 = protocolVersion, server: String
  ) {
    self.storeID = storeID
    self.nonce = nonce
    self.limits = limits
    self.version = version
    self.server = server
  }
}

extension HelloAnswer: AnswerBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    let storeID = try reader.requestID()
    let nonce = try reader.bytes32()
    let limits = try Limits(from: &reader)
    let version = try reader.integer(UInt8.self)
    guard version == protocolVersion else { throw .unsupportedVersion }
    let serverLength = try reader.integer(UInt8.self)
    self.init(
      storeID: storeID, nonce: nonce, limits: limits, version: version, server: try reader.text(serverLength, .name))
  }

  func write(to writer: inout ByteWriter) {
    writer.write(storeID)
    writer.write(nonce)
    limits.write(to: &writer)
    writer.write(version)
    writer.write(server.shortByteCount)
    writer.write(text: server)
  }
}

extension Limits {
  init(from reader: inout BodyReader) throws(ProtocolFault) {
    self.init()
    frameBytes = try reader.integer()
    cardsPerLine = try reader.integer()
    longestHoldSeconds = try reader.integer()
    reversalSeconds = try reader.integer()
    cardsPerAnswer = try reader.integer()
    linesPerRequest = try reader.integer()
    extentsPerRequest = try reader.integer()
    lotsPerPurchase = try reader.integer()
    cardsPerChunk = try reader.integer()
    requestsInFlight = try reader.integer()
    rememberedDays = try reader.integer()
  }

  func write(to writer: inout ByteWriter) {
    for value in [frameBytes, cardsPerLine, longestHoldSeconds, reversalSeconds] { writer.write(value) }
    for value in [
      cardsPerAnswer, linesPerRequest, extentsPerRequest, lotsPerPurchase, cardsPerChunk, requestsInFlight,
      rememberedDays,
    ] {
      writer.write(value)
    }
  }
}
