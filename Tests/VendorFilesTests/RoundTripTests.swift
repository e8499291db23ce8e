import TestSupport
import Testing

@testable import VendorFiles

/// Random tables, written in a random dialect and read back in random pieces.
@Suite struct RoundTripTests {
  @Test func whatIsWrittenInAnyDialectIsReadBackInAnyPieces() {
    var random = SeededGenerator.forTests()
    for round in 1...300 {
      let table = RandomTable(&random)
      var pieces = random
      let longestPiece = Int.random(in: 1...40, using: &random)
      let chunkBytes = Int.random(in: 1...200, using: &random)
      let reading = readAll { () throws(VendorFileError) in
        let source = BytesInMemory(table.text) { Int.random(in: 1...longestPiece, using: &pieces) }
        return try VendorFileReader(
          bytes: source, totalBytes: nil, today: firstOf2026, recordLimitBytes: 2_000, chunkBytes: chunkBytes)
      }
      guard reading.error == nil, reading.rows == table.rows else {
        let place = zip(reading.rows, table.rows).first { $0 != $1 }
        Issue.record("round \(round): \(String(describing: reading.error)); \(String(describing: place))")
        return
      }
    }
  }

  /// Whatever the bytes are, a reader ends, with rows in the order of their lines.
  @Test func randomBytesNeitherCrashNorHangTheReader() {
    var random = SeededGenerator.forTests()
    let alphabet = Array("\"\",,;\t\r\n  aé\u{0}1".utf8) + [0xFF, 0x80]
    for _ in 1...500 {
      let noise = (0..<Int.random(in: 0...400, using: &random)).compactMap { _ in alphabet.randomElement(using: &random)
      }
      let chunkBytes = Int.random(in: 1...64, using: &random)
      let texts = [noise, Array("serial,pin\n".utf8) + noise]
      for text in texts {
        let small = readAll { () throws(VendorFileError) in
          try VendorFileReader(
            bytes: BytesInMemory(text), totalBytes: nil, today: firstOf2026, recordLimitBytes: 100,
            chunkBytes: chunkBytes)
        }
        let large = readAll { () throws(VendorFileError) in
          try VendorFileReader(
            bytes: BytesInMemory(text), totalBytes: nil, today: firstOf2026, recordLimitBytes: 100, chunkBytes: 4_096)
        }
        #expect(small.rows == large.rows && small.error == large.error, "\(text)")
        #expect(small.rows.map(\.line) == small.rows.map(\.line).sorted())
      }
    }
  }
}

/// A table and the text of it in one dialect.
private struct RandomTable {
  private(set) var text: [UInt8] = []
  private(set) var rows: [ReadRow] = []

  private let delimiter: String
  private let lineEnd: String
  private let quotesAll: Bool
  private let hasPadding: Bool
  private let columns: [String]
  private var line = 1

  init(_ random: inout SeededGenerator) {
    delimiter = [",", ";", "\t"].randomElement(using: &random) ?? ","
    lineEnd = ["\n", "\r\n", "\r"].randomElement(using: &random) ?? "\n"
    quotesAll = Bool.random(using: &random)
    hasPadding = Bool.random(using: &random)
    let others = ["note", "", "a \"b\"", "x,y;z"].shuffled(using: &random).prefix(Int.random(in: 0...3, using: &random))
    let expires = Bool.random(using: &random) ? ["expires"] : []
    columns = (["serial", "pin"] + expires + others).shuffled(using: &random)

    if Bool.random(using: &random) { text += [0xEF, 0xBB, 0xBF] }
    write(columns.map { Bool.random(using: &random) ? $0.uppercased() : $0 }, &random)
    for _ in 0..<Int.random(in: 1...40, using: &random) { addRow(&random) }
    if Bool.random(using: &random) { text.removeLast(lineEnd.utf8.count) }
  }

  private mutating func addRow(_ random: inout SeededGenerator) {
    let serial = word(&random)
    let pin = word(&random)
    let days = ["2026-01-01", "2031-12-31", "2028-02-29", ""]
    let expires = columns.contains("expires") ? days.randomElement(using: &random) ?? "" : ""
    var fields = columns.map { column in
      switch column {
      case "serial": serial
      case "pin": pin
      case "expires": expires
      default: note(&random)
      }
    }
    let start = line
    switch Int.random(in: 0..<12, using: &random) {
    case 0:
      fields[place(of: "pin")] = ""
      rows.append(.refused(line: start, reason: "empty-pin"))
    case 1:
      fields[place(of: "serial")] = String(repeating: "é", count: 33)
      rows.append(.refused(line: start, reason: "serial-too-long"))
    case 2:
      fields[place(of: "pin")] += "\r\n"
      rows.append(.refused(line: start, reason: "control-character"))
    case 3:
      fields.append("x")
      rows.append(.refused(line: start, reason: "too-many-columns"))
    case 4:
      fields.removeLast()
      rows.append(.refused(line: start, reason: "too-few-columns"))
    case 5:
      text += Array(lineEnd.utf8)
      line += 1
      rows.append(.card(line: line, serial: serial, pin: pin, expires: expires.isEmpty ? nil : expires))
    default:
      rows.append(.card(line: start, serial: serial, pin: pin, expires: expires.isEmpty ? nil : expires))
    }
    write(fields, &random)
  }

  private func place(of column: String) -> Int {
    columns.firstIndex(of: column) ?? 0
  }

  /// Not blank, at most 64 bytes.
  private func word(_ random: inout SeededGenerator) -> String {
    let alphabet = Array("0123456789AZaz-,;\" é漢'=")
    let letters = (0..<Int.random(in: 0...20, using: &random)).compactMap { _ in alphabet.randomElement(using: &random)
    }
    return "7" + String(letters)
  }

  private func note(_ random: inout SeededGenerator) -> String {
    let parts = ["a", " ", ",", ";", "\t", "\"", "\n", "\r", "\r\n", "é", "\u{0}"]
    return (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in parts.randomElement(using: &random) }.joined()
  }

  private mutating func write(_ fields: [String], _ random: inout SeededGenerator) {
    let written = fields.map { field in
      let needsQuotes = field.hasPrefix(" ") || field.hasSuffix(" ") || field.utf8.contains { special.contains($0) }
      // A lone empty field would be a blank line, but a table has two columns at least.
      let isQuoted = quotesAll || needsQuotes || Int.random(in: 0..<8, using: &random) == 0
      let padding = hasPadding ? String(repeating: " ", count: Int.random(in: 0...2, using: &random)) : ""
      return padding + (isQuoted ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field) + padding
    }
    let record = Array(written.joined(separator: delimiter).utf8) + Array(lineEnd.utf8)
    text += record
    for (index, byte) in record.enumerated() {
      let isHalf = byte == UInt8(ascii: "\r") && index + 1 < record.count && record[index + 1] == UInt8(ascii: "\n")
      if (byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")) && !isHalf { line += 1 }
    }
  }

  private var special: [UInt8] { Array(",;\t\"\r\n".utf8) }
}
