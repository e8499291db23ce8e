import Synchronization

/// Keeps the first section of a report as rows, for a program that goes on with them.
final class RowCollector: ReportWriter, Sendable {
  private struct State {
    /// The columns' keys; nil before the first section, empty after it.
    var keys: [String]?
    var rows: [[String: Cell]] = []
  }

  private let state = Mutex(State())

  var rows: [[String: Cell]] { state.withLock { $0.rows } }

  func begin(_ heading: Heading) {}
  func begin(_ section: Section) { state.withLock { $0.keys = $0.keys == nil ? section.columns.map(\.key) : [] } }
  func add(_ cells: [Cell]) {
    state.withLock { state in
      guard let keys = state.keys, !keys.isEmpty else { return }
      state.rows.append(Dictionary(uniqueKeysWithValues: zip(keys, cells)))
    }
  }
  func endSection() {}
  func end(_ provenance: Provenance) {}
}
