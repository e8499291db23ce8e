import PinWords
import VendorFiles

/// The first reading of a file: how many cards of each expiry it has, which a purchase declares before it is loaded.
///
/// It reads to the end, so that a broken quote or a damaged compression shows before anything is asked of the server.
struct Survey {
  private(set) var lots: [DeclaredLot] = []
  private(set) var cardCount = 0
  /// Cards and refused rows.
  private(set) var rowCount = 0
  private(set) var ignoredColumns: [String] = []

  init(of file: VendorFile, order: ImportOrder, lotLimit: Int, progress: Progress) throws {
    var reader = try file.reader(today: order.today)
    ignoredColumns = reader.ignoredColumns
    var counts: [Day: UInt32] = [:]
    // Rows of one expiry tend to follow each other.
    var run: (expiry: Day, count: UInt32) = (.never, 0)
    while let row = try reader.next() {
      rowCount += 1
      if rowCount & 0xFFFF == 0 {
        try Task.checkCancellation()
        progress.show(checked: reader.consumedBytes, of: reader.totalBytes)
      }
      guard case .card(_, let expires) = row else { continue }
      let expiry = expires.map { Day($0) } ?? order.defaultExpiry
      cardCount += 1
      if expiry == run.expiry {
        run.count += 1
      } else {
        if run.count > 0 { counts[run.expiry, default: 0] += run.count }
        run = (expiry, 1)
        guard counts.count < lotLimit || counts[expiry] != nil else {
          throw Fault(.badInput, "more than \(lotLimit) different expiries; split the file")
        }
      }
    }
    if run.count > 0 { counts[run.expiry, default: 0] += run.count }
    guard cardCount < UInt32.max else { throw Fault(.badInput, "too many cards for one purchase") }
    lots = counts.sorted { $0.key < $1.key }.map { DeclaredLot(expiry: $0.key, count: $0.value) }
  }
}
