import PinWords
import Testing

@testable import PinBench

@Suite("Peers are read as carefully as we are")
struct DialectTests {
  private static let card = 1234
  private static let row = "\(BenchmarkCards.serial(card)) \(BenchmarkCards.pin(card))"

  /// What an answer says: how long it is, its status, and the cards it told.
  private struct Reading: Equatable {
    var byteCount: Int?
    var status: Status?
    var cards: [Int?] = []
  }

  private func reading(_ answer: [UInt8], by dialect: some Dialect) throws(BenchmarkError) -> Reading {
    let byteCount = try dialect.answerByteCount(answer.span.bytes)
    guard let byteCount else { return Reading() }
    var cards: [Int?] = []
    let head = try dialect.read(answer.span.bytes.extracting(0..<byteCount), of: .dispense) { cards.append($0) }
    return Reading(byteCount: byteCount, status: Status(rawValue: head.status), cards: cards)
  }

  // MARK: Valkey

  @Test(
    "Valkey's answers are found and read",
    arguments: [
      (":1\r\n", 4, Status.done, [] as [Int?]),
      (":0\r\n", 4, .insufficientStock, []),
      ("$-1\r\n", 5, .insufficientStock, []),
      ("$33\r\n\(row)\r\n:1\r\n", 40, .done, [card]),
      ("$33\r\n\(BenchmarkCards.serial(9)) \(BenchmarkCards.pin(8))\r\n", 40, .done, [nil]),
      ("$5\r\nabcde\r\n", 11, .done, [nil]),
    ])
  func valkey(answer: String, byteCount: Int, status: Status, cards: [Int?]) throws {
    let expected = Reading(byteCount: byteCount, status: status, cards: cards)
    #expect(try reading(Array(answer.utf8), by: ValkeyDialect(products: [1])) == expected)
  }

  @Test("An answer of Valkey's that is cut anywhere is not there yet")
  func valkeyCut() throws {
    let answer = Array("$33\r\n\(Self.row)\r\n".utf8)
    for length in 0..<answer.count {
      #expect(try reading(Array(answer.prefix(length)), by: ValkeyDialect(products: [1])) == Reading())
    }
  }

  @Test("An error ends the run")
  func valkeyError() {
    #expect(throws: BenchmarkError.self) {
      try reading(Array("-ERR no such function\r\n".utf8), by: ValkeyDialect(products: [1]))
    }
  }

  // MARK: PostgreSQL

  private static func message(_ kind: String, _ body: [UInt8]) -> [UInt8] {
    let length = UInt32(body.count + 4).bigEndian
    return Array(kind.utf8) + withUnsafeBytes(of: length) { Array($0) } + body
  }

  private static let bound = message("2", [])
  private static let ready = message("Z", [0x49])
  private static func complete(_ tag: String) -> [UInt8] { message("C", Array(tag.utf8) + [0]) }
  private static func row(_ serial: String, _ pin: String) -> [UInt8] {
    message("D", [0, 2, 0, 0, 0, 16] + Array(serial.utf8) + [0, 0, 0, 16] + Array(pin.utf8))
  }

  @Test("PostgreSQL's answers are found and read")
  func postgres() throws {
    let own = Self.row(BenchmarkCards.serial(Self.card), BenchmarkCards.pin(Self.card))
    let others = Self.row(BenchmarkCards.serial(1), BenchmarkCards.pin(2))
    for (messages, status, cards) in [
      ([Self.bound, Self.complete("INSERT 0 1"), Self.ready], Status.done, [] as [Int?]),
      ([Self.bound, Self.complete("INSERT 0 0"), Self.ready], .insufficientStock, []),
      ([Self.bound, own, Self.complete("UPDATE 1"), Self.ready], .done, [Self.card]),
      ([Self.bound, others, Self.complete("UPDATE 1"), Self.ready], .done, [nil]),
    ] {
      let answer = messages.flatMap(\.self)
      let expected = Reading(byteCount: answer.count, status: status, cards: cards)
      // What follows is another answer's.
      #expect(try reading(answer + Self.bound, by: PostgresDialect(products: [1])) == expected)
      for length in 0..<answer.count {
        #expect(try reading(Array(answer.prefix(length)), by: PostgresDialect(products: [1])) == Reading())
      }
    }
  }

  @Test("An error, and a password that is asked for, end the run")
  func postgresError() {
    for message in [Self.message("E", Array("SERROR\0".utf8)), Self.message("R", [0, 0, 0, 3])] {
      #expect(throws: BenchmarkError.self) {
        try reading(message + Self.ready, by: PostgresDialect(products: [1]))
      }
    }
  }
}
