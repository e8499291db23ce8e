import Glibc

/// A file descriptor that is closed when its last user is gone.
final class Descriptor: Sendable {
  let number: Int32
  private let isOurs: Bool

  init(owning number: Int32) {
    self.number = number
    isOurs = true
  }

  private init(borrowing number: Int32) {
    self.number = number
    isOurs = false
  }

  deinit {
    if isOurs { close(number) }
  }

  /// Opens a path for reading; `-` is standard input, which is left open afterwards.
  static func opening(path: String) throws(VendorFileError) -> Descriptor {
    if path == "-" { return Descriptor(borrowing: STDIN_FILENO) }
    let number = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
    guard number >= 0 else { throw .cannotOpen(reason: systemReason()) }
    return Descriptor(owning: Int32(number))
  }

  func status() throws(VendorFileError) -> stat {
    var status = stat()
    guard fstat(number, &status) == 0 else { throw .cannotOpen(reason: systemReason()) }
    return status
  }

  /// Reads the next bytes of a stream; returns 0 at its end.
  func readNext(into target: UnsafeMutableRawBufferPointer) throws(VendorFileError) -> Int {
    let count = retryingInterrupts { Glibc.read(number, target.baseAddress, target.count) }
    guard count >= 0 else { throw .cannotRead(reason: systemReason()) }
    return count
  }

  /// Reads at an offset, leaving the descriptor's own position alone; returns 0 at the end.
  func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(VendorFileError) -> Int {
    let count = retryingInterrupts { pread(number, target.baseAddress, target.count, offset) }
    guard count >= 0 else { throw .cannotRead(reason: systemReason()) }
    return count
  }
}

/// Repeats a system call for as long as a signal interrupts it.
func retryingInterrupts<Result: BinaryInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}

/// What the last failed system call says went wrong, in the system's words.
func systemReason() -> String {
  String(cString: strerror(errno))
}
