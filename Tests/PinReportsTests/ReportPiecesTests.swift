import Testing

@testable import PinReports

/// A report on its way from who makes it to who takes it.
@Suite struct ReportPiecesTests {
  @Test func piecesComeInOrderAndThenTheEnd() async throws {
    let pieces = ReportPieces()
    for byte in 1...3 as ClosedRange<UInt8> { try pieces.put([byte]) }
    pieces.end(.success(()))
    for byte in 1...3 as ClosedRange<UInt8> { #expect(try await pieces.next() == [byte]) }
    #expect(try await pieces.next() == nil)
  }

  @Test func aReportThatFailsSaysSoAfterItsPieces() async throws {
    let pieces = ReportPieces()
    try pieces.put([1])
    pieces.end(.failure(ReportError.periodTooLong))
    #expect(try await pieces.next() == [1])
    await #expect(throws: ReportError.periodTooLong) { try await pieces.next() }
  }

  /// However much of it was made and taken: who hangs up ends his report, and nothing else.
  @Test func aReportCanBeGivenUpAtAnyTime() async throws {
    for made in 0...4 as ClosedRange<UInt8> {
      for taken in 0...made {
        let pieces = ReportPieces()
        for byte in 0..<made { try pieces.put([byte]) }
        for _ in 0..<taken { _ = try await pieces.next() }
        pieces.stop()
        #expect(throws: CancellationError.self) { try pieces.confirmWanted() }
        #expect(throws: CancellationError.self) { try pieces.put([9]) }
      }
    }
  }

  /// Who makes it and finds no room for a piece need not wait until patience ends, which would be another error.
  @Test func whoMakesItIsLetGoWhenNobodyWantsIt() throws {
    let pieces = ReportPieces()
    for byte in 1...4 as ClosedRange<UInt8> { try pieces.put([byte]) }
    pieces.stop()
    #expect(throws: CancellationError.self) { try pieces.put([5]) }
  }
}
