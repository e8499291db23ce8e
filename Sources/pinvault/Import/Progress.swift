/// How far an import or a report is, in one line of a terminal that is written over; nothing elsewhere.
final class Progress: @unchecked Sendable {
  // Sendable because a file's import, or a report, is one task, which makes it and is the only one to use it.

  private let name: String
  private var isShown: Bool
  private var start = ContinuousClock.now
  private var lastShown: ContinuousClock.Instant?
  private var rowCount = 0
  private var rows = 0

  init(name: String, isShown: Bool) {
    self.name = name
    self.isShown = isShown
  }

  /// The first reading.
  func show(checked bytes: Int, of total: Int?) {
    guard let total, total > 0 else { return }
    show("checked \(bytes * 100 / total) %")
  }

  /// The second reading starts.
  func begin(rowCount: Int) {
    (start, rows, self.rowCount) = (.now, 0, rowCount)
  }

  /// So many rows more.
  func show(rows more: Int) {
    rows += more
    guard isShown else { return }
    let seconds = Double((ContinuousClock.now - start) / .milliseconds(1)) / 1000
    guard seconds > 0 else { return }
    let rate = Double(rows) / seconds
    let left = rate > 0 ? Double(rowCount - rows) / rate : 0
    show("\(rows) of \(rowCount) rows, \(Int(rate)) a second, \(Progress.text(seconds: left)) left")
  }

  func show(_ text: String) {
    guard isShown else { return }
    let now = ContinuousClock.now
    if let lastShown, now - lastShown < .milliseconds(100) { return }
    lastShown = now
    StandardError.write("\r\u{1B}[K\(name): \(text)")
  }

  /// Takes the line away, before something else is said.
  func clear() {
    guard isShown, lastShown != nil else { return }
    lastShown = nil
    StandardError.write("\r\u{1B}[K")
  }

  /// Takes the line away for good, before the terminal is written to by others.
  func end() {
    clear()
    isShown = false
  }

  /// `3.2 s`, `4 min 10 s`.
  static func text(seconds: Double) -> String {
    if seconds < 60 { return "\(Double(Int(seconds * 10)) / 10) s" }
    return "\(Int(seconds) / 60) min \(Int(seconds) % 60) s"
  }
}
