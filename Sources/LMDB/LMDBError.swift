import CLMDB
import Glibc

/// What LMDB, or the system beneath it, refused to do.
///
/// It never holds a key or a value, so it may be logged.
package struct LMDBError: Error, Equatable, Sendable {
  /// An `MDB_…` code (negative) or an `errno` (positive).
  package let code: Int32
  /// The step that failed, in a few words.
  package let operation: String

  package init(code: Int32, operation: String) {
    self.code = code
    self.operation = operation
  }

  /// The map is used up: it was opened too small, or a long read pins old pages.
  package var isMapFull: Bool { code == MDB_MAP_FULL }

  /// There is no room for the change: in the map, in the transaction's list of dirty pages, or on the disk.
  package var isOutOfSpace: Bool {
    code == MDB_MAP_FULL || code == MDB_TXN_FULL || code == ENOSPC || code == EDQUOT || code == EFBIG
  }

  /// The system refused, or the disk: nothing is wrong with what is in the files.
  package var isOfSystem: Bool { [EIO, EROFS, EMFILE, ENFILE, EACCES, EPERM, ENOMEM, ENOLCK].contains(code) }

  /// The file is not an environment, or what was read of it cannot be right.
  package var isInvalid: Bool { code == MDB_INVALID || code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND }

  /// The transaction cannot go on: a change in it failed before, it is a read that was reset, or it began before the table
  /// was opened.
  package var isTransactionUnusable: Bool { code == MDB_BAD_TXN }

  /// All reader slots are taken; `Environment.Options.maximumReaders` says how many there are.
  package var isReadersFull: Bool { code == MDB_READERS_FULL }

  /// The key, or the key and value where the key must be the highest, is already there.
  package var isKeyPresent: Bool { code == MDB_KEYEXIST }

  /// The table, asked for in a read-only environment, does not exist.
  package var isTableMissing: Bool { code == MDB_NOTFOUND }

  /// The table exists with keys of the other kind.
  package var isTableIncompatible: Bool { code == MDB_INCOMPATIBLE }

  /// This process already has the environment open.
  package var isAlreadyOpen: Bool { code == EBUSY }

  /// The directory does not exist.
  package var isMissing: Bool { code == ENOENT }
}

extension LMDBError: CustomStringConvertible {
  package var description: String { "\(operation): \(String(cString: mdb_strerror(code))) (\(code))" }
}

/// Throws unless `code` says success.
@inline(__always)
func check(_ code: Int32, _ operation: @autoclosure () -> String) throws(LMDBError) {
  guard code == MDB_SUCCESS else { throw LMDBError(code: code, operation: operation()) }
}
