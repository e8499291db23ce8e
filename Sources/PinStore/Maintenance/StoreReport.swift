import LMDB

/// What a verification found.
package struct StoreReport: Sendable, Equatable {
  package var storeID = ""
  package var segments = 0
  package var blocks: UInt64 = 0
  package var events: UInt64 = 0
  /// The last event's.
  package var headSequence: UInt64 = 0
  package var headTimeMilliseconds: UInt64 = 0
  /// The last block's hash, hexadecimal.
  package var chainHead = ""
  /// The last event that the state's checkpoint reflects, and the state's digest; nil when there is no checkpoint.
  package var stateSequence: UInt64?
  package var stateDigest: String?
  /// The digest of the state that replaying the journal up to `stateSequence` gives.
  package var replayedDigest: String?
  /// Bytes of a torn block behind the end, which a crash leaves and the next start clears: no problem.
  package var tornByteCount = 0
  package var problems: [StoreProblem] = []

  package var isSound: Bool { problems.isEmpty }
}

/// One thing that is not as it must be.
package struct StoreProblem: Sendable, Equatable, CustomStringConvertible {
  /// Which law or rule is broken, in a word or two that a program may compare: `journal`, `state digest`, …
  package let name: String
  package let detail: String
  /// Where it shows, when that is a place in a file.
  package let place: JournalPlace?

  package init(name: String, detail: String, place: JournalPlace? = nil) {
    self.name = name
    self.detail = detail
    self.place = place
  }

  package var description: String { "\(name): " + (place.map { "\($0): " } ?? "") + detail }
}

/// A machine's own checks, of the replayed state beside the payload; each transaction comes with its tables in order.
package typealias StateAudit = (
  _ state: borrowing ReadTransaction, _ tables: [Table], _ payload: borrowing ReadTransaction, _ payloadTables: [Table]
) throws -> [StoreProblem]
