import Glibc

/// A regular file, read in place from where its descriptor stood when it was opened.
struct StoredFile: Sendable {
  let descriptor: Descriptor
  let totalBytes: Int
  private let firstByte: Int
  private let size: Int
  private let modified: (seconds: Int, nanoseconds: Int)

  /// Nil if the descriptor is of something that can be read only once.
  init?(_ descriptor: Descriptor) throws(VendorFileError) {
    let status = try descriptor.status()
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw .cannotOpen(reason: String(cString: strerror(EISDIR)))
    default: return nil
    }
    self.descriptor = descriptor
    // Standard input may come from a file whose first lines another program has taken.
    firstByte = max(0, lseek(descriptor.number, 0, SEEK_CUR))
    size = status.st_size
    totalBytes = max(0, size - firstByte)
    modified = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
  }

  func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(VendorFileError) -> Int {
    try descriptor.read(into: target, at: firstByte + offset)
  }

  /// Throws if the file was written to since it was opened: what one pass checked, another may not find again.
  func checkUnchanged() throws(VendorFileError) {
    let status = try descriptor.status()
    let isSame =
      status.st_size == size && status.st_mtim.tv_sec == modified.seconds
      && status.st_mtim.tv_nsec == modified.nanoseconds
    guard isSame else { throw .changedWhileRead }
  }
}

/// One pass over a regular file.
final class FileBytes: ByteSource {
  private let file: StoredFile
  private(set) var consumedBytes = 0

  init(of file: StoredFile) {
    self.file = file
  }

  func read(into target: UnsafeMutableRawBufferPointer) throws(VendorFileError) -> Int {
    let count = try file.read(into: target, at: consumedBytes)
    consumedBytes += count
    if count == 0 { try file.checkUnchanged() }
    return count
  }
}
