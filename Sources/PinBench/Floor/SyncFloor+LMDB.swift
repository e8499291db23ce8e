import Glibc
import LMDB
import PinBytes
import PinSealing
import PinWords

extension SyncFloor {
  /// LMDB without a journal: the two puts of a vend, so many vends to a commit and one put of their stock, each commit
  /// synced as LMDB does it. The tables have the keys and the sizes of `docs/formats.md`. The files are made in a directory,
  /// and are gone afterwards.
  package static func ofLMDB(
    in directory: String, vendsPerCommit: Int, seconds: Double
  ) throws(BenchmarkError) -> SyncFloor {
    try withVendStore(in: directory) { (store) throws(BenchmarkError) in
      try measure(seconds: seconds) { () throws(BenchmarkError) in
        try store.put(vendsPerCommit)
        try store.commit()
      }
    }
  }

  /// The least program that keeps vends as the store does: the puts in a transaction that stays open and is committed every
  /// 20,000 vends, a block of journal for so many vends with the hash of the one before, one write and one sync.
  package static func ofBoth(
    in directory: String, vendsPerSync: Int, vendByteCount: Int, seconds: Double
  ) throws(BenchmarkError) -> SyncFloor {
    try withVendStore(in: directory) { (store) throws(BenchmarkError) in
      var segment = try FloorSegment.make(in: directory)
      var block = [UInt8](repeating: 0x5A, count: 64 + vendsPerSync * vendByteCount)
      var hasher = SHA256Hasher()
      return try measure(seconds: seconds) { () throws(BenchmarkError) in
        try store.put(vendsPerSync)
        let link = hasher.hash(block.span.bytes).bytes
        for index in link.indices { block[index] = link[index] }
        try segment.append(block.span.bytes)
        if store.uncommittedCount >= 20_000 { try store.commit() }
      }
    }
  }

  private static func withVendStore(
    in directory: String, _ body: (inout VendStore) throws(BenchmarkError) -> SyncFloor
  ) throws(BenchmarkError) -> SyncFloor {
    let path = "\(directory)/floor-lmdb"
    guard mkdir(path, 0o700) == 0 else { throw .system("make \(path)") }
    defer {
      for file in ["data.mdb", "lock.mdb"] { unlink("\(path)/\(file)") }
      rmdir(path)
    }
    var store = try VendStore.open(at: path)
    return try body(&store)
  }
}

/// The records of vends in LMDB, and nothing that decides them.
private struct VendStore: ~Copyable {
  private static let custodyByteCount = 34
  private static let reservationByteCount = 152
  private let environment: Environment
  private let tables: [Table]
  private var transaction: WriteTransaction?
  private(set) var uncommittedCount = 0
  private var card: UInt64 = 0
  private let stockKey = VendStore.key()
  private var id = ByteWriter(capacity: 16)
  private var stock = ByteWriter(capacity: 20)
  private let custody = [UInt8](repeating: 1, count: custodyByteCount)
  private let reservation = [UInt8](repeating: 1, count: reservationByteCount)
  private let seed: RequestID

  /// Not an initializer: one that throws halfway is miscompiled for what cannot be copied.
  static func open(at path: String) throws(BenchmarkError) -> VendStore {
    do throws(LMDBError) {
      let environment = try Environment(at: path, options: Environment.Options(mapSizeBytes: 16 << 30))
      let tables = try environment.openTables([
        Table.Spec(name: "stock"), Table.Spec(name: "custody", hasIntegerKeys: true), Table.Spec(name: "ids"),
      ])
      return VendStore(environment, tables)
    } catch {
      throw BenchmarkError("\(error)")
    }
  }

  private init(_ environment: Environment, _ tables: [Table]) {
    self.environment = environment
    self.tables = tables
    var generator = SystemRandomNumberGenerator()
    seed = RequestID.generate(atMilliseconds: UInt64(time(nil)) * 1000, using: &generator)
  }

  private static func key() -> [UInt8] {
    var key = ByteWriter(capacity: 17)
    key.write(UInt32(1))
    key.write(UInt8(0))
    key.write(UInt32(20_000))
    key.write(UInt64(1 << 40))
    return Array(key.bytes)
  }

  /// Puts so many vends into the open transaction.
  mutating func put(_ vendCount: Int) throws(BenchmarkError) {
    do throws(LMDBError) {
      if transaction == nil { transaction = try environment.beginWrite() }
      var open = transaction.take()!
      for _ in 0..<vendCount { try putOne(into: &open) }
      transaction = consume open
    } catch {
      throw BenchmarkError("\(error)")
    }
    uncommittedCount += vendCount
  }

  mutating func commit() throws(BenchmarkError) {
    uncommittedCount = 0
    stock.removeAll()
    stock.write(card)
    stock.write(card)
    stock.write(UInt32(1))
    do throws(LMDBError) {
      guard var open = transaction.take() else { return }
      try open.put(stock.bytes, for: stockKey.span.bytes, in: tables[0])
      try open.commit()
    } catch {
      throw BenchmarkError("\(error)")
    }
  }

  private mutating func putOne(into transaction: inout WriteTransaction) throws(LMDBError) {
    card += 1
    id.removeAll()
    id.write(seed.high)
    id.write(seed.low &+ card)
    try transaction.append(custody.span.bytes, for: card, in: tables[1])
    try transaction.put(reservation.span.bytes, for: id.bytes, in: tables[2])
  }
}
