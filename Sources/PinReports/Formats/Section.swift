import PinWords

/// A value in a report, before it is written in one format or another.
package enum Cell: Hashable, Sendable {
  /// There is nothing to say.
  case none
  case text(String)
  case number(Int)
  case money(Int128, Currency)
  /// In thousandths of a minor unit: what a minute costs.
  case rate(UInt64, Currency)
  /// In hundredths of a percent.
  case percent(Int)
  case day(Day)
  /// Milliseconds since 1970 UTC.
  case time(UInt64)
}

/// A column of a section.
package struct Column: Hashable, Sendable {
  package enum Kind: Sendable {
    case text, number, money, rate, percent, day, time
    var isNumeric: Bool { self == .number || self == .money || self == .rate || self == .percent }
  }

  /// In snake case, as JSON and CSV name it.
  package var key: String
  /// For people.
  package var title: String
  package var kind: Kind

  init(_ key: String, _ title: String, _ kind: Kind = .text) {
    self.key = key
    self.title = title
    self.kind = kind
  }

  /// JSON has amounts in minor units, rates in thousandths of them, and says so.
  var jsonKey: String {
    switch kind {
    case .money: key + "_minor"
    case .rate: key + "_thousandths"
    case .text, .number, .percent, .day, .time: key
    }
  }
}

/// A table of a report.
package struct Section: Hashable, Sendable {
  /// In snake case: the key in JSON, and what `--section` takes.
  package var key: String
  package var title: String
  package var columns: [Column]
  /// Pictures of it, for those who would rather look than read.
  package var charts: [Chart] = []

  init(_ key: String, _ title: String, _ columns: [Column], charts: [Chart] = []) {
    self.key = key
    self.title = title
    self.columns = columns
    self.charts = charts
  }
}

/// A picture of one column of a section, a bar for each label; where there are currencies, a picture for each.
package struct Chart: Hashable, Sendable {
  package enum Kind: Sendable {
    /// Upright, for times.
    case columns
    /// Lying, for names.
    case bars
  }

  package var kind: Kind
  package var title: String
  /// The columns' keys.
  package var label: String
  package var value: String
  /// Rows of one label say the same: they are not added up.
  package var isOncePerLabel = false
  /// All that there may be, in order, where each has its place also if nothing is said of it; empty for those there are.
  package var labels: [String] = []

  init(
    _ kind: Kind, _ title: String, label: String, value: String, isOncePerLabel: Bool = false, labels: [String] = []
  ) {
    self.isOncePerLabel = isOncePerLabel
    self.labels = labels
    self.kind = kind
    self.title = title
    self.label = label
    self.value = value
  }
}

/// What a report begins with.
package struct Heading: Sendable {
  package var kind: ReportKind
  package var title: String
  package var grouping: Grouping?
  package var days: PeriodDays
  package var product: String?
  package var currency: Currency?
  /// Whether serials were looked up.
  package var hasSerials: Bool
  /// Whether shifts were compared with what terminals counted.
  package var hasTerminalTotals: Bool

  init(_ request: ReportRequest) {
    kind = request.kind
    grouping = request.grouping
    title = request.kind.title + (grouping.map { " by \($0.rawValue)" } ?? "")
    days = request.days
    product = request.product
    currency = request.currency
    hasSerials = request.serials != nil
    hasTerminalTotals = request.terminalShifts != nil
  }
}

/// What a report was made from, which it ends with: nothing that happens after its last event changes it.
package struct Provenance: Hashable, Sendable {
  package var storeID: String
  /// The first event of the period; the one after the last where there is none.
  package var firstSequence: UInt64
  /// The last event that was read; 0 for none.
  package var lastSequence: UInt64
  /// The hash of its block: what stands for the whole journal up to there.
  package var chain: String
  package var lastMilliseconds: UInt64
}

/// One of the formats: it is told a report part by part, and writes as it goes.
package protocol ReportWriter: AnyObject {
  func begin(_ heading: Heading) throws
  func begin(_ section: Section) throws
  /// A row of the section that was begun last, a cell for each of its columns.
  func add(_ cells: [Cell]) throws
  func endSection() throws
  func end(_ provenance: Provenance) throws
}
