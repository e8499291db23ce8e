import PinEngine
import PinStore
import PinWords

/// What a report makes of postings, as they come.
protocol ReportFold {
  /// Whether it wants the postings from before the period, too.
  var countsBeforePeriod: Bool { get }
  mutating func begin() throws
  /// Goes on from the shifts as they ran where the first event that it sees follows.
  mutating func resume(_ shifts: RunningShifts)
  /// Every event, after what it posted.
  mutating func see(_ event: JournalEvent, isInPeriod: Bool, _ books: Books) throws
  mutating func add(_ posting: Posting, on day: Day, _ books: Books) throws
  /// - Parameter lastMilliseconds: when the last event happened; 0 for none.
  mutating func end(_ books: Books, lastMilliseconds: UInt64) throws
}

extension ReportFold {
  var countsBeforePeriod: Bool { false }
  func resume(_ shifts: RunningShifts) {}
  func see(_ event: JournalEvent, isInPeriod: Bool, _ books: Books) {}
}

/// One report: the journal read once, from its first event, or from the last opening books before the period, to the
/// period's end.
package struct ReportRun {
  private let view: JournalView
  private let request: ReportRequest
  private let writer: any ReportWriter
  /// Reads no event after this one.
  private let lastSequence: UInt64
  /// Where the books at the beginning of segments are; nil to read from the first event on.
  private let folder: BooksFolder?
  /// How many events pass between two calls of `progress`.
  static let eventsPerProgress: UInt64 = 65_536

  package init(
    _ request: ReportRequest, of view: JournalView, through lastSequence: UInt64 = .max,
    openedFrom folder: BooksFolder? = nil, to writer: any ReportWriter
  ) {
    self.folder = folder
    self.lastSequence = lastSequence
    self.request = request
    self.view = view
    self.writer = writer
  }

  /// Makes the report; `progress` is told now and then how many events have been read, of how many at most.
  ///
  /// Tells whether the period has events after the last that was to be read.
  @discardableResult
  package func run(progress: (_ done: UInt64, _ most: UInt64) throws -> Void = { _, _ in }) throws -> Bool {
    var fold = makeFold()
    try writer.begin(Heading(request))
    try fold.begin()
    let (books, provenance, hasMore) = try read(into: &fold, progress: progress)
    try fold.end(books, lastMilliseconds: provenance.lastMilliseconds)
    if request.kind != .shifts { try StockControl.write(books, to: writer) { request.includes($0) } }
    try writer.end(provenance)
    return hasMore
  }

  private func makeFold() -> any ReportFold {
    switch request.kind {
    case .dailyDetails: SalesDetails(request, writer)
    case .dailyTotals, .totals: SalesTotals(request, writer)
    case .cardsAvailable: CardsAvailable(request, writer)
    case .purchases: PurchasesReport(request, writer)
    case .shifts: ShiftReport(request, writer)
    case .reconciliation: Reconciliation(writer)
    case .countryRates, .countries: preconditionFailure("what documents tell is not read from the journal")
    }
  }

  private func read(
    into fold: inout some ReportFold, progress: (UInt64, UInt64) throws -> Void
  ) throws -> (Books, Provenance, hasMore: Bool) {
    var days = request.days
    let (start, end, through) = (days.startMilliseconds, days.endMilliseconds, lastSequence)
    let (countsBefore, from) = (fold.countsBeforePeriod, days.period.from)
    var hasBegun = false
    let opening = try folder?.latest(of: view, before: start, through: through)
    if let opening { fold.resume(opening.shifts) }
    var bookkeeper = Bookkeeper(view, opening: opening?.books ?? Books())
    var provenance = Provenance(
      storeID: view.storeID.description, firstSequence: 0, lastSequence: opening?.before.sequence ?? 0,
      chain: view.head.chain.description, lastMilliseconds: opening?.lastMilliseconds ?? 0)
    guard try view.firstSequence == 1 else { throw ReportError.journalBeginsLate(sequence: try view.firstSequence) }
    var events = try view.readAhead(from: provenance.lastSequence + 1)
    var (isStopped, hasMore) = (false, false)
    while try events.next() {
      let (sequence, time) = (events.sequence, events.timeMilliseconds)
      guard time < end, sequence <= through else {
        (isStopped, hasMore) = (true, time < end)
        break
      }
      if sequence % Self.eventsPerProgress == 0 { try progress(sequence, view.head.sequence) }
      if !hasBegun, time >= start {
        hasBegun = true
        provenance.firstSequence = sequence
        bookkeeper.beginPeriod()
      }
      (provenance.lastSequence, provenance.lastMilliseconds) = (sequence, time)
      let event = try bookkeeper.fold(
        events.event, sequence: sequence, timeMilliseconds: time, wantsPostings: hasBegun || countsBefore)
      if !bookkeeper.postings.isEmpty {
        let day = hasBegun ? days.day(at: time) : from
        // Products and users are named as they are called then.
        try bookkeeper.forEachPosting { posting, books in
          if request.includes(posting, books) { try fold.add(posting, on: day, books) }
        }
      }
      if let event { try fold.see(event, isInPeriod: hasBegun, bookkeeper.books) }
    }
    // Time is a block's, so a period ends between two.
    if isStopped { provenance.chain = events.chainBefore.description }
    if !hasBegun {
      provenance.firstSequence = provenance.lastSequence + 1
      bookkeeper.beginPeriod()
    }
    if let product = request.product, !bookkeeper.books.products.values.contains(where: { $0.isNamed(product) }) {
      throw ReportError.unknownProduct(product)
    }
    return (bookkeeper.books, provenance, hasMore)
  }
}

extension ReportRequest {
  func includes(_ posting: Posting, _ books: Books) -> Bool {
    if let currency, posting.currency != currency { return false }
    guard let product else { return true }
    return books.products[posting.product]?.isNamed(product) ?? false
  }

  func includes(_ product: Product) -> Bool {
    if let currency, product.currency != currency { return false }
    return self.product.map(product.isNamed) ?? true
  }
}

extension Product {
  /// Whether a text is its SKU or its number.
  func isNamed(_ text: String) -> Bool { sku == text || id.description == text }
}
