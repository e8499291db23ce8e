import CZlib
import Foundation
import Testing

@testable import VendorFiles

@Suite struct GzipTests {
  private static let text = Array("serial,pin\nA,1\nB,2\n".utf8)
  private static let cards: [ReadRow] = [
    .card(line: 2, serial: "A", pin: "1", expires: nil), .card(line: 3, serial: "B", pin: "2", expires: nil),
  ]

  static let wholeFiles: [(name: String, bytes: [UInt8])] = [
    ("one.csv.gz", gzip(text)),
    ("upper.CSV.GZ", gzip(text)),
    ("no-suffix.csv", gzip(text)),
    ("members.gz", gzip(Array(text.prefix(13))) + gzip([]) + gzip(Array(text.dropFirst(13)))),
    ("byte-members.gz", text.flatMap { gzip([$0]) }),
    ("padded.gz", gzip(text) + [UInt8](repeating: 0, count: 600_000)),
    ("stored.gz", gzip(text, level: 0)),
  ]

  @Test(arguments: wholeFiles)
  func aWholeGzipFileIsRead(_ file: (name: String, bytes: [UInt8])) throws {
    let reading = try readAll(file.bytes, named: file.name)
    #expect(reading.error == nil)
    #expect(reading.rows == Self.cards)
    #expect(reading.consumedBytes == file.bytes.count)
  }

  static let brokenFiles: [(name: String, bytes: [UInt8], error: VendorFileError)] = [
    ("plain.csv.gz", text, .notGzip),
    ("empty.csv.gz", [], .compressedEndsEarly),
    ("one-byte.csv.gz", [0x1F], .compressedEndsEarly),
    ("header-only.csv.gz", Array(gzip(text).prefix(10)), .compressedEndsEarly),
    ("no-trailer.csv.gz", gzip(text).dropLast(8), .compressedEndsEarly),
    ("no-last-byte.csv.gz", gzip(text).dropLast(), .compressedEndsEarly),
    ("second-member-cut.gz", gzip(text) + gzip(text).prefix(15), .compressedEndsEarly),
    ("wrong-sum.gz", gzip(text).dropLast(8) + [1, 2, 3, 4] + gzip(text).suffix(4), .compressedDamaged),
    ("wrong-length.gz", gzip(text).dropLast(4) + [1, 2, 3, 4], .compressedDamaged),
    ("garbage-after.gz", gzip(text) + Array("garbage".utf8), .compressedDamaged),
    ("garbage-in-padding.gz", gzip(text) + [0, 0, 1, 0], .compressedDamaged),
    ("of-nothing.gz", gzip([]), .noHeader),
  ]

  @Test(arguments: brokenFiles)
  func aBrokenGzipFileIsRefused(_ file: (name: String, bytes: [UInt8], error: VendorFileError)) throws {
    #expect(try readAll(file.bytes, named: file.name).error == file.error)
  }

  @Test func aFileCutAnywhereYieldsOnlyRowsOfTheWholeAndThenAnError() throws {
    let path = fixtures.appending(path: "globaltel-5eur.csv.gz")
    let whole = try Array(Data(contentsOf: path))
    let rows = readAll(path: path.path).rows
    #expect(rows.count == 10_000)
    var mostRows = 0
    for length in stride(from: 0, to: whole.count, by: 500) {
      let reading = readAll { () throws(VendorFileError) in
        let source = try GunzippedBytes(of: BytesInMemory(Array(whole.prefix(length))))
        return try VendorFileReader(bytes: source, totalBytes: length, today: firstOf2026)
      }
      #expect(reading.error == .compressedEndsEarly, "cut at \(length)")
      #expect(reading.rows.elementsEqual(rows.prefix(reading.rows.count)), "cut at \(length)")
      #expect(reading.rows.count >= mostRows, "cut at \(length)")
      mostRows = reading.rows.count
    }
    #expect(mostRows > 9_000)
  }

  @Test func aFlippedByteNeverPassesForAWholeFile() throws {
    let whole = gzip(Self.text)
    // Bytes 4 to 9 of the header (time, flags of the compressor, system) mean nothing to a reader.
    for index in whole.indices where !(4..<10).contains(index) {
      var damaged = whole
      damaged[index] ^= 0x55
      #expect(try readAll(damaged, named: "damaged.csv.gz").error != nil, "byte \(index)")
    }
  }

  @Test func aBigCompressedFileIsReadToItsEnd() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending(path: "big.csv.gz").path
      let cardCount = 300_000
      try writeBigFile(path: path, cardCount: cardCount, memberCount: 3)
      let file = try VendorFile(path: path, spool: unusedSpool)
      var reader = try file.reader(today: firstOf2026)
      var next = 0
      while let row = try reader.next() {
        guard case .card(line: next + 2, expires: CalendarDay(year: 2030 + next % 3, month: 1, day: 31)) = row else {
          Issue.record("row \(next) is \(row)")
          return
        }
        let lastDigits = reader.withCard { serial, pin in
          (serial.unsafeLoad(fromByteOffset: 12, as: UInt8.self), pin.unsafeLoad(fromByteOffset: 13, as: UInt8.self))
        }
        #expect(lastDigits == (UInt8(ascii: "0") + UInt8(next % 10), UInt8(ascii: "0") + UInt8(next % 10)))
        next += 1
      }
      #expect(next == cardCount && reader.cardCount == cardCount)
      #expect(reader.consumedBytes == file.totalBytes)
    }
  }

  /// Writes any number of cards in constant memory.
  private func writeBigFile(path: String, cardCount: Int, memberCount: Int) throws {
    var written = 0
    for member in 1...memberCount {
      let file = try #require(gzopen(path, member == 1 ? "wb1" : "ab1"))
      if member == 1 { gzputs(file, "serial,pin,expires\n") }
      while written < cardCount * member / memberCount {
        let number = String(written)
        let zeros = String(repeating: "0", count: 10 - number.count)
        gzputs(file, "ACM\(zeros)\(number),7130\(zeros)\(number),\(2030 + written % 3)-01-31\n")
        written += 1
      }
      #expect(gzclose(file) == Z_OK)
    }
  }
}
