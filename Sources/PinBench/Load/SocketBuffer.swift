import Glibc

/// Bytes on their way in or out: added behind, taken from the front, in memory that is kept.
struct SocketBuffer: ~Copyable {
  private var memory: UnsafeMutableRawPointer
  private var capacity: Int
  private var start = 0
  private var end = 0

  init(capacity: Int = 64 << 10) {
    self.capacity = capacity
    memory = .allocate(byteCount: capacity, alignment: 16)
  }

  deinit { memory.deallocate() }

  var count: Int { end - start }

  var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let span = RawSpan(_unsafeStart: UnsafeRawPointer(memory + start), byteCount: end - start)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  mutating func append(_ bytes: RawSpan) {
    makeRoom(bytes.byteCount)
    bytes.withUnsafeBytes { (memory + end).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
    end += bytes.byteCount
  }

  /// Lends all bytes, and drops as many from the front as `body` says; gives that number back.
  mutating func drain<Failure: Error>(_ body: (RawSpan) throws(Failure) -> Int) throws(Failure) -> Int {
    let taken = try body(bytes)
    precondition(taken <= count)
    start += taken
    if start == end { (start, end) = (0, 0) }
    return taken
  }

  /// Lends room of at least so many bytes behind the last; adds as many as `body` says it filled.
  mutating func fill<Failure: Error>(
    atLeast byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) {
    makeRoom(byteCount)
    end += try body(UnsafeMutableRawBufferPointer(start: memory + end, count: capacity - end))
  }

  private mutating func makeRoom(_ byteCount: Int) {
    guard capacity - end < byteCount else { return }
    if capacity - (end - start) >= byteCount {
      memory.copyMemory(from: memory + start, byteCount: end - start)
    } else {
      capacity = max(capacity * 2, end - start + byteCount)
      let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
      larger.copyMemory(from: memory + start, byteCount: end - start)
      memory.deallocate()
      memory = larger
    }
    (start, end) = (0, end - start)
  }
}
