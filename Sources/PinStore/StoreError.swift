import Glibc
import LMDB

/// Why a store could not be made, opened, copied or kept going; each says what an operator needs to act.
package enum StoreError: Error, Sendable, Equatable {
  /// Another process, or another store of this one, works in the directory.
  case directoryInUse(String)
  case notADataDirectory(String)
  /// It was made by another version of the program, whose format of this name has another number.
  case otherFormat(path: String, name: String, found: UInt32, expected: UInt32)
  /// The directory is a backup: it is restored into a new directory and never served itself.
  case isBackup(String)
  case notABackup(String)
  /// Something of that name is there already.
  case alreadyThere(String)
  /// What a backup or restore that did not end has left, or one that is being made right now.
  case unfinished(String)
  /// A backup must not be made inside the directory that it copies.
  case insideDataDirectory(String)
  /// One of this kind runs already in this store, and there is only ever one: a backup, a verification.
  case alreadyRunning(String)
  /// The clock stands before the last event's stamp.
  case clockBehind(lastMilliseconds: UInt64, nowMilliseconds: UInt64)
  /// The clock stands so far after the last event's stamp that it may be wrong.
  case clockAhead(lastMilliseconds: UInt64, nowMilliseconds: UInt64)
  /// What is on disk cannot have been left by a crash: serving on would forget or invent events.
  case rotten(JournalPlace, problem: String)
  /// The state, which the journal can make again, is not as it was written.
  case stateDamaged(FileDamage)
  /// The payload, which only a backup has again, is not as it was written.
  case payloadDamaged(FileDamage)
  case system(operation: String, path: String, code: Int32)
  case database(LMDBError)
  /// The machine could not take up its state or replay an event.
  case machine(String)
  /// What was asked for is not in the journal.
  case noSuchSequence(UInt64)
  /// The journals do not belong together.
  case foreignJournal(String)
  /// What an event names may not be in the payload; says which, and what to do.
  case payloadMissing(String)
  /// The store was stopped, or stopped itself after a failure.
  case stopped
}

/// A byte of a file of the store.
package struct JournalPlace: Sendable, Equatable, CustomStringConvertible {
  package let file: String
  package let offset: Int

  package init(file: String, offset: Int) {
    self.file = file
    self.offset = offset
  }

  package var description: String { "\(file) at byte \(offset)" }
}

extension StoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .directoryInUse(let path): "\(path) is in use by another process"
    case .notADataDirectory(let path): "\(path) is not a data directory"
    case .otherFormat(let path, let name, let found, let expected):
      "\(path) has \(name) \(found), and this version reads \(name) \(expected): use the \(found > expected ? "newer" : "older") "
        + "version that made it" + (found > expected ? "" : ", or begin a new directory with `pinvault init`")
    case .isBackup(let path): "\(path) is a backup: restore it into a new directory"
    case .notABackup(let path): "\(path) is not a backup"
    case .alreadyThere(let path): "\(path) already exists"
    case .unfinished(let path):
      "\(path) is being made, or was left by a backup or restore that did not end: if none runs, remove it"
    case .insideDataDirectory(let path): "\(path) is inside the data directory: choose a place outside"
    case .alreadyRunning(let what): "\(what) of this store is under way: wait for its end"
    case .clockBehind(let last, let now):
      "the clock (\(now) ms) is behind the last event (\(last) ms): set it right, or accept it explicitly"
    case .clockAhead(let last, let now):
      "the clock (\(now) ms) is far ahead of the last event (\(last) ms): check it, then accept it explicitly"
    case .rotten(let place, let problem): "the journal is damaged: \(place): \(problem)"
    case .stateDamaged(let damage): "the state is damaged: \(damage)"
    case .payloadDamaged(let damage): "the payload is damaged: \(damage)"
    case .system(let operation, let path, let code): "\(operation) \(path): \(String(cString: strerror(code)))"
    case .database(let error): "database: \(error)"
    case .machine(let problem): "the state cannot be taken up: \(problem)"
    case .noSuchSequence(let sequence): "the journal has no event \(sequence)"
    case .foreignJournal(let problem): "the journals do not belong together: \(problem)"
    case .payloadMissing(let problem): problem
    case .stopped: "the store is stopped"
    }
  }

  /// Runs the check of a file, naming its damage as the state's or the payload's.
  static func check(
    _ directory: String, _ tables: [Table.Spec], _ name: (FileDamage) -> StoreError
  ) throws(StoreError) {
    do throws(FileDamage) { try Environment.checkFile(at: directory, tables: tables) } catch { throw name(error) }
  }

  /// Runs a step on the database, naming its error as one of the store's.
  static func database<Result: ~Copyable>(
    _ body: () throws(LMDBError) -> Result
  ) throws(StoreError) -> Result {
    do throws(LMDBError) { return try body() } catch { throw .database(error) }
  }
}
