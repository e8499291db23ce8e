import Foundation
import PinEngine
import PinStore

/// The opening books of a journal's segments, in a folder of the data directory: with them a report reads the days that it is
/// about, and not all that was before.
///
/// They are made from the journal and can be deleted at any time. A file that is damaged, or of another history than the
/// journal tells, counts for nothing. But who can write there could write books that are not the journal's, as
/// somebody who can write the journal could: `ReportCheck` makes a report without them.
package struct BooksFolder: Sendable {
  private let path: String
  /// Of so many of the last segments there are books of each; of those before, the fewer the older they are.
  private let fineSegments: UInt64

  /// The folder of a data directory; it need not be there.
  package init(of directory: String) { self.init(of: directory, fineSegments: 64) }

  init(of directory: String, fineSegments: UInt64) {
    path = "\(directory)/books"
    self.fineSegments = fineSegments
  }

  /// Whether the books of a segment are kept when another is the last: of twice as old ones, half as many.
  ///
  /// So a report on old days reads at most as many segments too many as is a small part of their age, and the number of files
  /// grows with the logarithm of the journal. What is dropped once is never missed later.
  func keeps(_ segment: UInt64, beside last: UInt64) -> Bool {
    let age = last > segment ? (last - segment) / fineSegments : 0
    let step: UInt64 = age == 0 ? 1 : 1 << UInt64(UInt64.bitWidth - age.leadingZeroBitCount)
    return segment % step == 0
  }

  private static let ending = ".books"

  private func file(ofSegment number: UInt64) -> String {
    let digits = String(number)
    return "\(path)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)\(Self.ending)"
  }

  /// Of which segments there are books, the last one first.
  private var segments: [UInt64] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(Self.ending) }.compactMap { UInt64($0.dropLast(Self.ending.count)) }
      .sorted(by: >)
  }

  /// The last books before which there is no event of a time or a later one, and none after a sequence.
  func latest(
    of view: JournalView, before milliseconds: UInt64 = .max, through sequence: UInt64 = .max
  ) throws -> OpeningBooks? {
    for segment in segments {
      guard let start = try view.start(ofSegment: segment), start.timeMilliseconds < milliseconds,
        start.sequence <= sequence,
        let data = FileManager.default.contents(atPath: file(ofSegment: segment)),
        var opening = OpeningBooks([UInt8](data)), opening.segment == segment,
        opening.before.sequence == start.sequence, opening.before.chain == start.chain
      else { continue }
      opening.before = start
      return opening
    }
    return nil
  }

  /// Makes what is missing, up to the last segment that has an event: reads the journal from the last books on.
  ///
  /// Two that do so at once write the same; `progress` is told as of a report.
  package func bringUpToDate(
    with view: JournalView, progress: (_ done: UInt64, _ most: UInt64) throws -> Void = { _, _ in }
  ) throws {
    guard try view.firstSequence == 1 else { throw ReportError.journalBeginsLate(sequence: try view.firstSequence) }
    let opening = try latest(of: view)
    var segment = opening?.segment ?? 1
    guard segment < view.lastSegment else { return }
    defer { thin(beside: view.lastSegment) }
    var bookkeeper = Bookkeeper(view, opening: opening?.books ?? Books())
    var shifts = opening?.shifts ?? RunningShifts()
    var catalogue = opening?.catalogue ?? []
    var lastMilliseconds = opening?.lastMilliseconds ?? 0
    var events = try view.readAhead(from: (opening?.before.sequence ?? 0) + 1)
    while try events.next() {
      if events.segment > segment {
        segment = events.segment
        let start = SegmentStart(
          sequence: events.sequence - 1, chain: events.chainBefore, timeMilliseconds: events.timeMilliseconds)
        if keeps(segment, beside: view.lastSegment) {
          try write(
            OpeningBooks(
              segment: segment, before: start, lastMilliseconds: lastMilliseconds, books: bookkeeper.books,
              shifts: shifts, catalogue: catalogue))
        }
        if segment == view.lastSegment { return }
      }
      if events.sequence % ReportRun.eventsPerProgress == 0 { try progress(events.sequence, view.head.sequence) }
      lastMilliseconds = events.timeMilliseconds
      let event = try bookkeeper.fold(
        events.event, sequence: events.sequence, timeMilliseconds: events.timeMilliseconds, wantsPostings: true)
      bookkeeper.forEachPosting { posting, _ in shifts.add(posting) }
      guard let event else { continue }
      if case .shiftClosed = event.facts {
        _ = shifts.close(of: event.actor, atMilliseconds: event.timeMilliseconds)
      }
      if event.kind.isOfCatalogue {
        let bytes = [UInt8](events.event)
        catalogue.append(
          OpeningBooks.CatalogueEvent(sequence: event.sequence, timeMilliseconds: event.timeMilliseconds, bytes: bytes))
      }
    }
  }

  /// Drops the books that are not kept any more; what cannot be removed is of no harm.
  private func thin(beside last: UInt64) {
    for segment in segments where segment <= last && !keeps(segment, beside: last) {
      try? FileManager.default.removeItem(atPath: file(ofSegment: segment))
    }
  }

  /// A file has its name when it is whole. It is not synced: what a power cut leaves of it counts for nothing.
  private func write(_ opening: OpeningBooks) throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    try Data(opening.encoded).write(to: URL(fileURLWithPath: file(ofSegment: opening.segment)), options: .atomic)
  }
}
