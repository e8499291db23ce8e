import Foundation
import PinWords
import Testing

@testable import PinBackOffice

@Suite struct MailedDaysTests {
  private func withDirectory(_ body: (_ directory: String) throws -> Void) throws {
    let directory = "\(NSTemporaryDirectory())/pinvault-mailed-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try body(directory)
  }

  @Test func theLastDayThatWasNotedIsRead() throws {
    try withDirectory { directory in
      #expect(try MailedDays(in: directory).last == nil)
      for day in [Day(year: 2027, month: 3, day: 26)!, Day(year: 2027, month: 3, day: 27)!] {
        try MailedDays(in: directory).note(day)
        #expect(try MailedDays(in: directory).last == day)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["mailed"])
    }
  }

  /// It is named, and what should be there: who reads the log can put it right.
  @Test(arguments: ["", "\n", "2027-03-26", "2027-02-30\n", "2027-03-26\n\n", "2027-03-26 \n", "today\n", "\u{0}\n"])
  func whatIsNoDayIsNotTakenForOne(_ text: String) throws {
    try withDirectory { directory in
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/mailed"))
      let error = #expect(throws: MailedDays.Unreadable.self) { try MailedDays(in: directory).last }
      #expect("\(try #require(error))".hasPrefix("\(directory)/mailed should hold"))
    }
  }
}
