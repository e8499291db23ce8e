import CLMDB
import Glibc

extension Environment {
  /// How much of an environment is used.
  package struct Usage: Sendable, Equatable {
    package let mapSizeBytes: Int
    /// What the file takes up, free pages inside it included.
    package let usedBytes: Int
    package let pageSizeBytes: Int
    /// The last commit.
    package let lastTransactionID: Int
    /// How many reader slots have been in use at once; never falls while a process has the environment open.
    package let readerSlotCount: Int
    package let maximumReaders: Int
  }

  package var usage: Usage {
    var info = MDB_envinfo()
    var statistics = MDB_stat()
    let codes = (mdb_env_info(handle, &info), mdb_env_stat(handle, &statistics))
    precondition(codes == (MDB_SUCCESS, MDB_SUCCESS), "these fail only for an argument that is null")
    let pageSizeBytes = Int(statistics.ms_psize)
    return Usage(
      mapSizeBytes: info.me_mapsize, usedBytes: (info.me_last_pgno + 1) * pageSizeBytes, pageSizeBytes: pageSizeBytes,
      lastTransactionID: info.me_last_txnid, readerSlotCount: Int(info.me_numreaders),
      maximumReaders: Int(info.me_maxreaders))
  }

  /// A read transaction, of any process, that has a reader slot.
  package struct ReaderSlot: Sendable, Equatable {
    package let processID: Int32
    /// The snapshot it pins, or `nil` when it was reset. How far it lies behind `Usage.lastTransactionID` tells how much
    /// the file must grow instead of using pages again.
    package let transactionID: Int?
  }

  package func readerSlots() throws(LMDBError) -> [ReaderSlot] {
    var lines = ""
    // LMDB tells them only as text: a heading, then "pid thread transaction" a line, "-" for no transaction.
    let code = withUnsafeMutablePointer(to: &lines) { lines in
      mdb_reader_list(
        handle,
        { line, lines in
          guard let line, let lines else { return 0 }
          lines.assumingMemoryBound(to: String.self).pointee += String(cString: line)
          return 0
        }, lines)
    }
    guard code >= 0 else { throw LMDBError(code: code, operation: "list readers") }
    return lines.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count == 3, let processID = Int32(fields[0]) else { return nil }
      return ReaderSlot(processID: processID, transactionID: Int(fields[2]))
    }
  }

  /// Frees the reader slots of processes that died, and returns how many; their snapshots would be kept for ever.
  package func clearStaleReaders() throws(LMDBError) -> Int {
    var count: Int32 = 0
    try check(mdb_reader_check(handle, &count), "clear stale readers")
    return Int(count)
  }

  /// Writes a copy of the last commit, without free pages, to a file or a pipe.
  ///
  /// It is a long read: the file grows by what is written meanwhile. The writer is not held up. Syncing is the caller's.
  package func copyCompacting(toFileDescriptor descriptor: CInt) throws(LMDBError) {
    try check(mdb_env_copyfd2(handle, descriptor, UInt32(MDB_CP_COMPACT)), "copy environment")
  }

  /// Writes a copy of the last commit, without free pages, as an environment in another directory, and syncs it.
  ///
  /// - Parameter path: a directory that exists and has no environment; `EEXIST` is thrown when it has. A copy that fails
  ///   is removed.
  package func copyCompacting(toDirectory path: String) throws(LMDBError) {
    let directory = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw LMDBError(code: errno, operation: "open directory of copy") }
    defer { close(directory) }
    // Not mdb_env_copy2: it leaves the copy unsynced, and readable by everyone whom the umask lets.
    let file = openat(directory, "data.mdb", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LMDBError(code: errno, operation: "create copy") }
    defer { close(file) }
    do throws(LMDBError) {
      try copyCompacting(toFileDescriptor: file)
      guard fsync(file) == 0, fsync(directory) == 0 else { throw LMDBError(code: errno, operation: "sync copy") }
    } catch {
      unlinkat(directory, "data.mdb", 0)
      throw error
    }
  }
}
