import CZlib
import Foundation
import Testing

@testable import VendorFiles

/// A reader that refuses a text after a window's worth of it holds no more than that of any text.
@Suite struct BoundedMemoryTests {
  private static let window = VendorFileReader.recordLimitBytes + chunkBytes
  private static let limit = VendorFileReader.recordLimitBytes

  static let starts: [(start: String, error: VendorFileError)] = [
    ("", .recordTooLong(line: 1, limitBytes: limit)),
    ("serial,pin\nA,1\nB,", .recordTooLong(line: 3, limitBytes: limit)),
    ("serial,pin\nA,1\n\nB,\"", .quoteTooLong(line: 4, limitBytes: limit)),
    ("serial,pin\n\"A\n\nB\",\"", .quoteTooLong(line: 4, limitBytes: limit)),
    ("serial,\"", .quoteTooLong(line: 1, limitBytes: limit)),
  ]

  @Test(arguments: starts)
  func aLineOf200MegabytesIsRefusedAfterOneWindow(_ file: (start: String, error: VendorFileError)) throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending(path: "long.csv")
      try Data(file.start.utf8).write(to: path)
      // The file system's holes read as zeros: no line break in 200 MB, and no disk needed.
      #expect(truncate(path.path, 200_000_000) == 0)
      let opened = try VendorFile(path: path.path, spool: unusedSpool)
      #expect(opened.totalBytes == 200_000_000)
      let reading = readAll { () throws(VendorFileError) in try opened.reader(today: firstOf2026) }
      #expect(reading.error == file.error)
      #expect(reading.consumedBytes <= 2 * Self.window)
    }
  }

  @Test func aLineOf200MegabytesIsRefusedInsideACompressedFileToo() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending(path: "long.csv.gz").path
      let file = try #require(gzopen(path, "wb1"))
      gzputs(file, "serial,pin\nA,1\nB,")
      let sevens = [UInt8](repeating: UInt8(ascii: "7"), count: 1_000_000)
      for _ in 0..<200 { #expect(gzwrite(file, sevens, 1_000_000) == 1_000_000) }
      #expect(gzclose(file) == Z_OK)
      let reading = readAll(path: path)
      #expect(reading.error == .recordTooLong(line: 3, limitBytes: Self.limit))
      #expect(reading.rows == [.card(line: 2, serial: "A", pin: "1", expires: nil)])
      #expect(reading.consumedBytes < 20_000)
    }
  }

  /// The limit counts the line's end. Windows of every size agree on it.
  @Test(arguments: ["\n", "\r\n", "\r", ""], [1, 2, 3, 16, 50, 1_000])
  func aRowMayBeAsLongAsTheLimitAndNoLonger(_ end: String, _ chunkBytes: Int) {
    let limit = 100
    func reading(noteBytes: Int) -> Reading {
      let note = String(repeating: "n", count: noteBytes)
      return readAll { () throws(VendorFileError) in
        try VendorFileReader(
          bytes: BytesInMemory(Array("serial,pin,note\nA,1,\(note)\(end)".utf8)), totalBytes: nil, today: firstOf2026,
          recordLimitBytes: limit, chunkBytes: chunkBytes)
      }
    }
    let longest = limit - "A,1,".utf8.count - end.utf8.count
    #expect(reading(noteBytes: longest).rows.map(\.isCard) == [true])
    #expect(reading(noteBytes: longest).error == nil)
    #expect(reading(noteBytes: longest + 1).error == .recordTooLong(line: 2, limitBytes: limit))
  }

  @Test func aQuoteLeftOpenIsFoundAtItsLineHoweverMuchFollows() {
    let cards = (2..<50_000).map { "S\($0),\($0)\n" }.joined()
    let text = "serial,pin\n" + cards + "X,\"5\n" + cards
    let reading = readAll(text.utf8)
    #expect(reading.rows.count == 49_998)
    #expect(reading.error == .quoteTooLong(line: 50_000, limitBytes: Self.limit))
  }
}
