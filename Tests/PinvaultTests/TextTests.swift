import PinWords
import Testing

@testable import pinvault

@Suite struct TextTests {
  @Test(
    "digits are grouped for reading; letters and dashes are left as they are",
    arguments: [
      ("123456789012", "1234 5678 9012"), ("1234", "1234"), ("12345", "1234 5"), ("AB12-CD34", "AB12-CD34"),
      ("", ""), ("12345678901234", "1234 5678 9012 34"),
    ])
  func groups(pin: String, text: String) {
    #expect(Receipt.grouped(pin) == text)
  }

  @Test(
    "a length of time is a number and a unit",
    arguments: [("90", 90), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86_400), ("0", 0)])
  func reads(text: String, seconds: Int) {
    #expect(SecondsArgument(argument: text)?.seconds == UInt32(seconds))
  }

  @Test(arguments: ["", "m", "-1s", "1.5h", "1w", "99999999999", "4000000000m"])
  func refusesALengthOfTime(text: String) {
    #expect(SecondsArgument(argument: text) == nil)
  }

  @Test(
    "a server is a host and a port",
    arguments: [
      ("vault.example", "vault.example", 7468), ("vault.example:99", "vault.example", 99), ("[::1]", "::1", 7468),
      ("[::1]:80", "::1", 80),
    ])
  func reads(address: String, host: String, port: Int) throws {
    #expect(try ServerAddress(address) == ServerAddress(host: host, port: UInt16(port)))
  }

  @Test(arguments: ["", ":80", "::1", "a:b", "a:70000", "[::1]80", "a:1:2"])
  func refusesAServer(address: String) {
    #expect(throws: Fault.self) { try ServerAddress(address) }
  }

  @Test func extentsAreOrderedAndJoinedAndNoneTwice() {
    let extents = ["20-29", "5", "6-9", "30"].compactMap { Extent(text: $0) }
    #expect(extents.inOrder()?.map(\.description) == ["5-9", "20-30"])
    #expect(["5-9", "9"].compactMap { Extent(text: $0) }.inOrder() == nil)
    for text in ["", "0", "9-5", "a", "1-2-3", "-1", "1-"] { #expect(Extent(text: text) == nil, "\(text)") }
  }

  @Test func timesAreUTC() {
    #expect(Times.stamp(1_772_366_400_123) == "2026-03-01T12:00:00.123Z")
    #expect(Times.text(1_772_366_400_123) == "2026-03-01 12:00:00 UTC")
  }

  @Test func theToolTellsItsVersionAndCommandsMeanTheirOwn() async throws {
    let tool = try Tool()
    defer { tool.remove() }
    let told = try await tool.start(["--version"]).finish()
    #expect(told.status == 0 && told.output == "pinvault \(programVersion)\n")
    for (command, count) in [(["order", "approve"], 1), (["customer", "define"], 1), (["order", "list"], 0)] {
      let help = try await tool.start(command + ["--help"]).finish().output
      let options = help.split(separator: "\n").filter { $0.hasPrefix("  --version ") }
      #expect(options.count == count, "\(command): \(options)")
    }
    let refused = try await tool.start(["order", "list", "--version"]).finish()
    #expect(refused.status == 64 && refused.output.isEmpty)
  }

  @Test func everyExitStatusIsInTheHelp() {
    for status in ExitStatus.allCases { #expect(ExitStatus.table.contains(" \(status.rawValue)  \(status.meaning)")) }
    #expect(Pinvault.helpMessage().contains("EXIT CODES"))
  }
}
