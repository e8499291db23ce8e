import Foundation
import PinWords
import Testing

/// A status that nothing is ever refused with in a test would be one that nobody knows to work.
@Suite("No status is without a case")
struct StatusCoverageTests {
  /// What no line of a status table can bring about, and the file under `Tests` in which it is expected by name.
  private static let elsewhere: [Status: String] = [
    .malformedFrame: "PinServerTests/BadInputTests.swift",
    .unsupportedVersion: "PinServerTests/BadInputTests.swift",
    .unknownOperation: "PinServerTests/BadInputTests.swift",
    .notAuthenticated: "PinServerTests/BadInputTests.swift",
    .authenticationFailed: "PinServerTests/AuthenticationTests.swift",
    .frameTooLong: "PinServerTests/BadInputTests.swift",
    .approvalRequired: "PinEngineTests/ApprovalTests.swift",
    .productNotPermitted: "PinEngineTests/LimitTests.swift",
    .limitReached: "PinEngineTests/LimitTests.swift",
    .oldKeyStillWorks: "PinEngineTests/KeyRotationTests.swift",
    .tooManyRequests: "PinServerTests/RequestRateTests.swift",
    .tooManyExtents: "PinEngineTests/StockOrderTests.swift",
    .outOfTurn: "PinEngineTests/ImportTests.swift",
    .cardDamaged: "PinServerTests/FailingTests.swift",
    .busy: "PinEngineTests/SweepTests.swift",
    .storageFull: "PinEngineTests/Law11DefiniteAnswerTests.swift",
    .stopping: "PinServerTests/StoppingTests.swift",
  ]

  @Test("Every status is the outcome of a line of a status table, or is expected in the file named here")
  func everyStatus() throws {
    let tables = [
      StatusTableTests.selling, StatusTableTests.order, StatusTableTests.returning, StatusTableTests.stockKeeping,
      StatusTableTests.naming, StatusTableTests.changes,
    ]
    let outcomes = tables.joined(separator: "\n").split(separator: "\n").compactMap { line in
      line.firstRange(of: "=>").map { line[$0.upperBound...].split(separator: " ").first.map(String.init) ?? "" }
    }
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    for status in Status.allCases where status != .done {
      guard let file = Self.elsewhere[status] else {
        #expect(outcomes.contains("\(status)"), "no line of a status table ends in \(status)")
        continue
      }
      let text = try String(contentsOf: tests.appending(path: file), encoding: .utf8)
      #expect(text.contains(".\(status)"), "\(file) does not expect \(status)")
    }
  }
}
