import CLibcrypto
import Glibc
import Synchronization

/// Where keys live: 32-byte slots in pages that are locked into memory and left out of core dumps.
///
/// OpenSSL's own secure heap has one size, fixed at start, and fails when it is full; lots are made for ever, so this one
/// grows. Each chunk stands between two inaccessible pages, and a forked child finds it zeroed.
final class SecretMemory: Sendable {
  static let shared = SecretMemory()
  static let slotByteCount = 32

  private static let pagesPerChunk = 16

  private struct State {
    /// Addresses of the slots not in use, as integers so that they may leave the lock.
    var freeSlots: [UInt] = []
    var unlockedChunks = 0
  }

  private let state = Mutex(State())

  /// Whether every page handed out so far is locked; false when the limit on locked memory was reached.
  var isLocked: Bool {
    state.withLock { state in
      if state.freeSlots.isEmpty { Self.addChunk(to: &state) }
      return state.unlockedChunks == 0
    }
  }

  /// A slot of 32 zero bytes.
  func allocate() -> UnsafeMutableRawPointer {
    let address = state.withLock { state in
      if state.freeSlots.isEmpty { Self.addChunk(to: &state) }
      return state.freeSlots.removeLast()
    }
    guard let slot = UnsafeMutableRawPointer(bitPattern: address) else { preconditionFailure("a slot has an address") }
    return slot
  }

  /// Wipes the slot and takes it back.
  func free(_ slot: UnsafeMutableRawPointer) {
    OPENSSL_cleanse(slot, Self.slotByteCount)
    let address = UInt(bitPattern: slot)
    state.withLock { $0.freeSlots.append(address) }
  }

  private static func addChunk(to state: inout State) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let usable = pagesPerChunk * page
    let mapping = mmap(nil, usable + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let mapping, mapping != MAP_FAILED else { preconditionFailure("no memory left for keys") }
    let start = mapping + page
    precondition(mprotect(start, usable, PROT_READ | PROT_WRITE) == 0, "memory for keys cannot be made writable")
    precondition(madvise(start, usable, MADV_DONTDUMP) == 0, "memory for keys cannot be kept out of core dumps")
    precondition(madvise(start, usable, MADV_WIPEONFORK) == 0, "memory for keys cannot be kept from forked processes")
    if mlock(start, usable) != 0 { state.unlockedChunks += 1 }
    state.freeSlots.append(
      contentsOf: stride(from: 0, to: usable, by: slotByteCount).reversed().map { UInt(bitPattern: start + $0) })
  }
}
