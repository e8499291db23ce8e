import PinBytes
import PinWords

/// The protocol of PostgreSQL: each request is one prepared statement on the tables of `Scripts/peers/postgres.sql`, in a
/// transaction of its own, with everything in binary and nothing asked twice.
final class PostgresDialect: Dialect {
  private var frames: PostgresFrames

  init(products: [UInt32]) { frames = PostgresFrames(products: products) }

  func open(on transport: Transport) throws(BenchmarkError) {
    try exchange(frames.startUp(), on: transport)
    try exchange(frames.preparation(), on: transport)
  }

  func append(_ request: Request, to outgoing: inout SocketBuffer) { frames.append(request, to: &outgoing) }

  /// Sends, and waits until the server is ready for more.
  private func exchange(_ bytes: [UInt8], on transport: Transport) throws(BenchmarkError) {
    var sent = 0
    while sent < bytes.count { sent += try transport.send(bytes.span.bytes.extracting(sent...)) }
    var received = SocketBuffer(capacity: 16 << 10)
    var isReady = false
    while !isReady {
      try received.fill(atLeast: 4 << 10) { (room) throws(BenchmarkError) in try transport.receive(into: room) }
      _ = try received.drain { (bytes) throws(BenchmarkError) in
        guard let byteCount = try answerByteCount(bytes) else { return 0 }
        _ = try read(bytes.extracting(0..<byteCount), of: .reserve) { _ in }
        isReady = true
        return byteCount
      }
    }
  }

  // MARK: Answers

  /// An answer is all messages up to the one that says that the server is ready for the next.
  func answerByteCount(_ bytes: RawSpan) throws(BenchmarkError) -> Int? {
    var offset = 0
    while bytes.byteCount >= offset + 5 {
      let next = offset + 1 + Int(number(bytes, offset + 1, as: UInt32.self))
      guard bytes.byteCount >= next else { return nil }
      if bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == UInt8(ascii: "Z") { return next }
      offset = next
    }
    return nil
  }

  func read(_ answer: RawSpan, of step: Step, card: (Int?) -> Void) throws(BenchmarkError) -> AnswerHead {
    var head = AnswerHead.outOfStock
    var offset = 0
    while offset < answer.byteCount {
      let next = offset + 1 + Int(number(answer, offset + 1, as: UInt32.self))
      let body = answer.extracting(offset + 5..<next)
      switch answer.unsafeLoad(fromByteOffset: offset, as: UInt8.self) {
      case UInt8(ascii: "D"):
        card(cardNumber(body))
      case UInt8(ascii: "C"):
        // The command and how many rows it did: "INSERT 0 1".
        let isNone = body.byteCount < 2 || body.unsafeLoad(fromByteOffset: body.byteCount - 2, as: UInt8.self) == 0x30
        head = isNone ? .outOfStock : .done
      case UInt8(ascii: "E"): throw BenchmarkError("the server answered: " + body.text)
      case UInt8(ascii: "R") where number(body, 0, as: UInt32.self) != 0:
        throw BenchmarkError("the server asks for a password; trust connections from this machine")
      default: break
      }
      offset = next
    }
    return head
  }

  /// The card of a row of two columns, its serial and its PIN.
  private func cardNumber(_ row: RawSpan) -> Int? {
    guard row.byteCount > 10 else { return nil }
    let serialEnd = 6 + Int(number(row, 2, as: UInt32.self))
    guard serialEnd + 4 <= row.byteCount else { return nil }
    return BenchmarkCards.number(
      serial: row.extracting(6..<serialEnd), pin: row.extracting((serialEnd + 4)...))
  }

  private func number<Value: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _ offset: Int, as type: Value.Type
  ) -> Value {
    Value(bigEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: type))
  }
}

/// Messages as PostgreSQL has them.
private struct PostgresFrames: ~Copyable {
  private let products: [UInt32]
  private var writer = ByteWriter(capacity: 256)

  init(products: [UInt32]) { self.products = products }

  enum Statement: String, CaseIterable {
    case reserve, dispense, vend

    /// The first free card by a partial index, past those that others are taking.
    private static let taken = """
      UPDATE cards SET state = 1 WHERE seq = (SELECT seq FROM cards WHERE product = $2 AND state = 0 \
      ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING seq, serial, pin
      """

    var text: String {
      switch self {
      case .reserve:
        """
        WITH taken AS (\(Self.taken)) INSERT INTO reservations (id, card, state, deadline) \
        SELECT $1, seq, 1, now() + interval '1 hour' FROM taken
        """
      case .dispense:
        """
        UPDATE reservations r SET state = 2 FROM cards c WHERE r.id = $1 AND r.state = 1 AND r.deadline > now() \
        AND c.seq = r.card RETURNING c.serial, c.pin
        """
      case .vend:
        """
        WITH taken AS (\(Self.taken)), sold AS (INSERT INTO reservations (id, card, state, deadline) \
        SELECT $1, seq, 2, now() FROM taken) SELECT serial, pin FROM taken
        """
      }
    }

    /// uuid, and integer.
    var parameterTypes: [UInt32] { self == .dispense ? [2950] : [2950, 23] }
  }

  /// What opens a session: who asks, and in which database.
  mutating func startUp() -> [UInt8] {
    writer.removeAll()
    writer.write(UInt32(0))
    writer.write(UInt32(196_608))
    for word in ["user", "bench", "database", "bench"] { write(word) }
    writer.write(UInt8(0))
    writer.overwrite(UInt32(writer.count), at: 0)
    return Array(writer.bytes)
  }

  /// Prepares every statement.
  mutating func preparation() -> [UInt8] {
    writer.removeAll()
    for statement in Statement.allCases {
      let start = begin("P")
      write(statement.rawValue)
      write(statement.text)
      writer.write(UInt16(statement.parameterTypes.count))
      for type in statement.parameterTypes { writer.write(type) }
      end(start)
    }
    end(begin("S"))
    return Array(writer.bytes)
  }

  mutating func append(_ request: Request, to outgoing: inout SocketBuffer) {
    let statement: Statement =
      switch request.step {
      case .reserve: .reserve
      case .dispense: .dispense
      default: .vend
      }
    writer.removeAll()
    let bind = begin("B")
    write("")
    write(statement.rawValue)
    // All parameters are binary.
    writer.write(UInt16(1))
    writer.write(UInt16(1))
    writer.write(UInt16(statement.parameterTypes.count))
    writer.write(UInt32(16))
    writer.write(request.id.high)
    writer.write(request.id.low)
    if statement != .dispense {
      writer.write(UInt32(4))
      writer.write(products[request.product])
    }
    writer.write(UInt16(0))
    end(bind)
    let execute = begin("E")
    write("")
    writer.write(UInt32(0))
    end(execute)
    end(begin("S"))
    outgoing.append(writer.bytes)
  }

  /// Begins a message, and gives back where its length goes.
  private mutating func begin(_ kind: Unicode.Scalar) -> Int {
    writer.write(UInt8(ascii: kind))
    writer.write(UInt32(0))
    return writer.count - 4
  }

  private mutating func end(_ start: Int) { writer.overwrite(UInt32(writer.count - start), at: start) }

  private mutating func write(_ text: String) {
    writer.write(Array(text.utf8))
    writer.write(UInt8(0))
  }
}
