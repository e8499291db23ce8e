import Foundation
import PinEngine
import PinStore
import Synchronization

/// Reports of a store that is served, for those who ask its server: from the synced head, each on a thread of its own.
///
/// A report gives way to selling: its threads are nice. Few are made at once, and one that nobody takes is given up.
package final class ReportDesk: Sendable {
  private let engine: Engine
  private let folder: BooksFolder
  private let underWay = Mutex(0)
  /// Each holds some 60 MB.
  private static let mostAtOnce = 2
  private static let niceness: Int32 = 10

  /// - Parameter directory: the store's; the books of its segments are kept there.
  package init(_ engine: Engine, directory: String) {
    self.engine = engine
    folder = BooksFolder(of: directory)
  }

  var journal: JournalView { engine.journal }

  /// As many are being made as may be at once.
  package struct Busy: Error, CustomStringConvertible {
    package var description: String { "other reports are being made" }
  }

  /// Begins to make a report, up to the last event there is now.
  package func make(
    _ request: ReportRequest, as format: ReportFormat, section: String? = nil,
    style: TableWriter.Style = TableWriter.Style()
  ) throws(Busy) -> ReportPieces {
    try make(request, through: .max) { format.writer($0, section: section, style: style) }
  }

  private func make(
    _ request: ReportRequest, through lastSequence: UInt64,
    with writer: @escaping @Sendable (TextSink) -> any ReportWriter
  ) throws(Busy) -> ReportPieces {
    let isTaken = underWay.withLock { count in
      if count < Self.mostAtOnce { count += 1 } else { return false }
      return true
    }
    guard isTaken else { throw Busy() }
    let (pieces, view) = (ReportPieces(), engine.journal)
    Thread.detachNewThread { [self] in
      // On Linux it is this thread's, and that of those which it starts.
      _ = nice(Self.niceness)
      let result = Result {
        do { try folder.bringUpToDate(with: view) { _, _ in try pieces.confirmWanted() } } catch is CocoaError {
          // Where books cannot be kept, the journal is read.
        }
        let writer = writer(TextSink { try pieces.put($0) })
        let run = ReportRun(request, of: view, through: lastSequence, openedFrom: folder, to: writer)
        try run.run { _, _ in try pieces.confirmWanted() }
      }
      // Who has the whole of it may ask for another at once.
      underWay.withLock { $0 -= 1 }
      pieces.end(result)
    }
    return pieces
  }

  /// The rows of a report's first section, of the events up to one.
  func rows(of request: ReportRequest, through lastSequence: UInt64) async throws -> [[String: Cell]] {
    let collector = RowCollector()
    let pieces = try make(request, through: lastSequence) { _ in collector }
    while try await pieces.next() != nil {}
    return collector.rows
  }

  /// Looks up serials for a report.
  package var serials: SerialLookup { SerialLookup { [engine] in try engine.serials(of: $0, atMost: $1) } }

  /// What a report that is told by documents is of: the shop as it stands at the last event.
  package var provenance: Provenance {
    let view = engine.journal
    return Provenance(
      storeID: view.storeID.description, firstSequence: 1, lastSequence: view.head.sequence,
      chain: view.head.chain.description, lastMilliseconds: view.head.timeMilliseconds)
  }

  /// The whole report; nil if it is longer than `mostByteCount`.
  package func bytes(
    of request: ReportRequest, as format: ReportFormat, most mostByteCount: Int
  ) async throws -> [UInt8]? {
    let pieces = try make(request, as: format)
    var bytes: [UInt8] = []
    while let piece = try await pieces.next() {
      bytes += piece
      if bytes.count > mostByteCount {
        pieces.stop()
        return nil
      }
    }
    return bytes
  }
}
