import Testing

@testable import VendorFiles

@Suite struct RowFaultTests {
  static let long = String(repeating: "7", count: 65)

  static let badRows: [(row: String, reason: String)] = [
    ("A,,2030-01-31", "empty-pin"),
    ("A,   ,2030-01-31", "empty-pin"),
    ("A,\"\",2030-01-31", "empty-pin"),
    ("A,\"   \",2030-01-31", "empty-pin"),
    (",1,2030-01-31", "empty-serial"),
    ("\"  \",1,2030-01-31", "empty-serial"),
    ("A", "too-few-columns"),
    ("\"\"", "too-few-columns"),
    ("\"   \"", "too-few-columns"),
    ("A,1", "too-few-columns"),
    ("A,1,2030-01-31,x", "too-many-columns"),
    ("A,1,2030-01-31,", "too-many-columns"),
    ("A,1,31/01/2030", "bad-date"),
    ("A,1,2030-1-31", "bad-date"),
    ("A,1,20300131", "bad-date"),
    ("A,1,2030-01-31T00:00", "bad-date"),
    ("A,1,\" 2030-01-31\"", "bad-date"),
    ("A,1,2030-O1-31", "bad-date"),
    ("A,1,never", "bad-date"),
    ("A,1,2030-02-30", "no-such-day"),
    ("A,1,2027-02-29", "no-such-day"),
    ("A,1,2030-13-01", "no-such-day"),
    ("A,1,2030-00-10", "no-such-day"),
    ("A,1,2030-04-31", "no-such-day"),
    ("A,1,2030-04-00", "no-such-day"),
    ("A,1,2025-12-31", "expired"),
    ("A,1,0000-01-01", "expired"),
    ("A,\(long),2030-01-31", "pin-too-long"),
    ("\(long),1,2030-01-31", "serial-too-long"),
    ("A,1\t2,2030-01-31", "control-character"),
    ("A,1\u{0}2,2030-01-31", "control-character"),
    ("A,1\u{7F},2030-01-31", "control-character"),
    ("A,1\u{85},2030-01-31", "control-character"),
    ("A\u{1B}[2J,1,2030-01-31", "control-character"),
    ("A,\"1\n2\",2030-01-31", "control-character"),
    ("A,1\"2,2030-01-31", "stray-quote"),
    ("A,\"1\"2,2030-01-31", "stray-quote"),
    ("A,\"1\" \"2\",2030-01-31", "stray-quote"),
    ("A,1,2030-01-31\"", "stray-quote"),
  ]

  @Test(arguments: badRows)
  func aBadRowIsRefusedAloneAndSaysWhy(_ bad: (row: String, reason: String)) {
    let reading = readAll("serial,pin,expires\nX,9,\n\(bad.row)\nY,8,\n".utf8)
    #expect(reading.error == nil)
    #expect(reading.rows.count == 3)
    #expect(reading.rows.dropFirst().first == .refused(line: 3, reason: bad.reason))
    #expect(reading.rows.filter(\.isCard).count == 2)
  }

  static let notUTF8: [[UInt8]] = [
    [0xE9], [0xCD, 0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80],
  ]

  @Test(arguments: notUTF8)
  func bytesThatAreNotUTF8AreRefused(_ bytes: [UInt8]) {
    #expect(
      readAll(Array("serial,pin\nA,1".utf8) + bytes + Array("\n".utf8)).rows == [
        .refused(line: 2, reason: "invalid-utf8")
      ])
    #expect(
      readAll(Array("serial,pin,note\nA,1,".utf8) + bytes).rows == [
        .card(line: 2, serial: "A", pin: "1", expires: nil)
      ])
  }

  static let goodRows: [(row: String, expires: String?)] = [
    ("A,\(long.dropLast()),", nil),
    ("A,1,", nil),
    ("A,1,2026-01-01", "2026-01-01"),
    ("A,1,2028-02-29", "2028-02-29"),
    ("A,1,9999-12-31", "9999-12-31"),
  ]

  @Test(arguments: goodRows)
  func whatIsJustAllowedIsACard(_ good: (row: String, expires: String?)) {
    let rows = readAll("serial,pin,expires\n\(good.row)\n".utf8).rows
    guard case .card(_, _, _, let expires)? = rows.first else {
      Issue.record("refused: \(rows)")
      return
    }
    #expect(expires == good.expires)
  }

  static let allFaults: [RowFault] = [
    .tooFewColumns, .tooManyColumns, .strayQuote, .emptySerial, .emptyPIN, .serialTooLong, .pinTooLong,
    .controlCharacter, .invalidUTF8, .badDate, .noSuchDay, .expired(firstOf2026), .duplicateInFile,
    .duplicateOfEarlierLot(purchase: 7), .serialDuplicateInFile, .serialDuplicateOfEarlierLot(purchase: 7),
  ]

  @Test func everyFaultHasANameOfItsOwnAndOneLineThatSaysWhatToDo() {
    #expect(Set(Self.allFaults.map(\.name)).count == Self.allFaults.count)
    for fault in Self.allFaults {
      #expect(fault.name.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "-" })
      #expect(fault.description.contains(";") && !fault.description.contains("\n"))
    }
    #expect(RowFault.duplicateOfEarlierLot(purchase: 7).description.contains("purchase 7"))
  }

  @Test func aRefusedRowTellsItsLinesAndNotItsPIN() throws {
    let text = "serial,pin\nA,\"90210\n\"90210\nB,2\n"
    var reader = try VendorFileReader(bytes: BytesInMemory(Array(text.utf8)), totalBytes: nil, today: firstOf2026)
    guard case .refused(let refused)? = try reader.next() else {
      Issue.record("not refused")
      return
    }
    #expect(refused == RefusedRow(line: 2, lastLine: 3, fault: .strayQuote))
    #expect(refused.description.hasPrefix("lines 2 to 3: stray-quote: "))
    #expect(!String(reflecting: refused).contains("90210"))
    #expect(try reader.next() == .card(line: 4, expires: nil))
  }
}
