import Foundation
import Testing

@testable import VendorFiles

@Suite struct VendorFileErrorTests {
  static let badTexts: [(text: String, error: VendorFileError)] = [
    ("", .noHeader),
    ("\u{FEFF}", .noHeader),
    ("\n\n  \n", .noHeader),
    ("serial,pin", .noCards),
    ("serial,pin\n\n   \n", .noCards),
    ("serial,code\nA,1\n", .noColumn(name: "pin")),
    ("pin,expires\n1,\n", .noColumn(name: "serial")),
    ("serial:pin\nA:1\n", .noColumn(name: "serial")),
    ("A1,90210,2030-01-31\n", .noColumn(name: "serial")),
    ("serial,pin,Serial\nA,1,B\n", .duplicateColumn(name: "serial")),
    ("serial,pin,PIN\nA,1,2\n", .duplicateColumn(name: "pin")),
    ("serial,pin,expires, EXPIRES\nA,1,,\n", .duplicateColumn(name: "expires")),
    ("\nserial,pin,5\" note\nA,1,2\n", .strayQuoteInHeader(line: 2)),
    ("serial,pin,\"note\nA,1,2\n", .quoteNeverCloses(line: 1)),
    ("\"serial,pin\nA,1\n", .quoteNeverCloses(line: 1)),
    ("serial,pin\nA,\"1\nB,2\n", .quoteNeverCloses(line: 2)),
    ("serial,pin\nA,1\nB,\"2", .quoteNeverCloses(line: 3)),
    ("serial,pin\nA,1\nB,\"", .quoteNeverCloses(line: 3)),
    ("note,pin,serial\n\"a\n\r\nb\",\"1\n", .quoteNeverCloses(line: 4)),
    ("serial,pin\nA,1\nB,\"2\"\"", .quoteNeverCloses(line: 3)),
    ("PK\u{3}\u{4}serial,pin", .notCSV(looksLike: "a spreadsheet or a zip archive")),
  ]

  @Test(arguments: badTexts)
  func aTextThatCannotBeReadSaysWhatIsWrongAndWhere(_ bad: (text: String, error: VendorFileError)) {
    #expect(readAll(bad.text.utf8).error == bad.error)
  }

  @Test func textInUTF16IsNamedAsSuch() throws {
    let text = try #require("serial,pin\nA,1\n".data(using: .utf16))
    #expect(readAll(text).error == .notCSV(looksLike: "text in UTF-16"))
  }

  @Test func aForgottenHeaderDoesNotTellTheFirstCardsPIN() throws {
    let error = try #require(readAll("A1,90210,2030-01-31\n".utf8).error)
    #expect(!String(reflecting: error).contains("90210") && !error.description.contains("90210"))
  }

  @Test func everyErrorHasANameOfItsOwnAndIsOneLineThatSaysWhatToDo() {
    let errors: [VendorFileError] = [
      .cannotOpen(reason: "r"), .cannotRead(reason: "r"), .changedWhileRead, .cannotSpool(reason: "r"), .notGzip,
      .compressedEndsEarly, .compressedDamaged, .notCSV(looksLike: "a spreadsheet"), .noHeader,
      .noColumn(name: "pin"), .duplicateColumn(name: "pin"), .strayQuoteInHeader(line: 9), .noCards,
      .quoteNeverCloses(line: 9), .quoteTooLong(line: 9, limitBytes: 99), .recordTooLong(line: 9, limitBytes: 99),
    ]
    #expect(Set(errors.map(\.name)).count == errors.count)
    for error in errors {
      #expect(error.description.contains(";") && !error.description.contains("\n"))
    }
  }

  @Test func whatCannotBeOpenedSaysWhy() throws {
    #expect(readAll(path: "/nonexistent/file.csv").error == .cannotOpen(reason: "No such file or directory"))
    #expect(readAll(path: "/").error == .cannotOpen(reason: "Is a directory"))
  }

  @Test func aFileThatGrowsBetweenTwoReadingsIsFound() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending(path: "cards.csv")
      try Data("serial,pin\nA,1\n".utf8).write(to: path)
      let file = try VendorFile(path: path.path, spool: unusedSpool)
      #expect(readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }.error == nil)
      let handle = try FileHandle(forWritingTo: path)
      try handle.seekToEnd()
      try handle.write(contentsOf: Data("B,2\n".utf8))
      try handle.close()
      let second = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
      #expect(second.error == .changedWhileRead)
    }
  }

  @Test func anotherFileUnderTheSameNameDoesNotDisturbTheOpenedOne() throws {
    try withTemporaryDirectory { directory in
      let path = directory.appending(path: "cards.csv")
      try Data("serial,pin\nA,1\n".utf8).write(to: path)
      let file = try VendorFile(path: path.path, spool: unusedSpool)
      try FileManager.default.removeItem(at: path)
      try Data("serial,pin\nB,2\n".utf8).write(to: path)
      let reading = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
      #expect(reading.rows == [.card(line: 2, serial: "A", pin: "1", expires: nil)])
    }
  }
}
