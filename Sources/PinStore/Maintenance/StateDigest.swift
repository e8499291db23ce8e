import LMDB
import PinBytes
import PinSealing

/// One number for all that a state says: the SHA-256 over each entry of the digested tables, in the order of the tables
/// and their keys.
///
/// An entry counts as table index, key length, key, value length, value; the numbers are 32 bits, big-endian. Integer
/// keys count as eight big-endian bytes, so that the digest does not depend on the machine.
enum StateDigest {
  static func compute(
    of transaction: borrowing some ReadableTransaction & ~Copyable, tables: [Table], digested: [Int]
  ) throws(LMDBError) -> Digest256 {
    var hasher = SHA256Hasher()
    var gathered = ByteWriter(capacity: 128 << 10)
    for index in digested {
      let table = tables[index]
      var walk = try transaction.walk(table)
      while let entry = try walk.next() {
        gathered.write(UInt32(index))
        gathered.write(UInt32(entry.key.byteCount))
        if table.hasIntegerKeys {
          gathered.write(entry.key.unsafeLoadUnaligned(as: UInt64.self))
        } else {
          gathered.write(entry.key)
        }
        gathered.write(UInt32(entry.value.byteCount))
        gathered.write(entry.value)
        if gathered.count >= 64 << 10 {
          hasher.update(gathered.bytes)
          gathered.removeAll()
        }
      }
    }
    hasher.update(gathered.bytes)
    return hasher.finish()
  }
}
