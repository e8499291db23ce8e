/// An opened input of vendor cards that can be read from its start as often as needed.
///
/// Read this file first. An import reads its input twice: once to count the cards of each expiry and to find every bad
/// row, and once to load. A regular file is read where it lies, through one descriptor, so both passes see one file even
/// when its name is given to another meanwhile. What can be read only once (`-`, a pipe, a terminal) is copied, sealed,
/// into a spool when it is opened.
///
///     let file = try VendorFile(path: "acme-10usd.csv", spool: spool)
///     var reader = try file.reader(today: today)
///     while let row = try reader.next() {
///       switch row {
///       case .card(let line, let expires): reader.withCard { serial, pin in … }
///       case .refused(let refused): …
///       }
///     }
///
/// Gzip is undone when the name ends in `.gz`, and also when the first bytes say so, as no text starts like that.
/// Any thread may make readers; each reader belongs to one thread at a time.
package final class VendorFile: Sendable {
  /// The path as it was given, `-` for standard input.
  package let path: String
  private let content: StoredContent

  /// Opens the input and, if it can be read only once, copies all of it into the spool before returning.
  ///
  /// - Parameter spooled: called with the number of bytes copied so far, after each chunk of the spool.
  package init(path: String, spool: Spool, spooled: (Int) -> Void = { _ in }) throws(VendorFileError) {
    self.path = path
    let descriptor = try Descriptor.opening(path: path)
    if let file = try StoredFile(descriptor) {
      content = .file(file)
    } else {
      content = .spool(try spool.copying(descriptor, progress: spooled))
    }
  }

  /// The size in bytes of what was given, compressed if it came compressed.
  package var totalBytes: Int {
    switch content {
    case .file(let file): file.totalBytes
    case .spool(let spool): spool.totalBytes
    }
  }

  /// Starts reading from the beginning: takes the header and stands before the first row.
  ///
  /// - Parameter today: a card whose expiry is an earlier day is refused as expired.
  package func reader(today: CalendarDay) throws(VendorFileError) -> VendorFileReader {
    try VendorFileReader(bytes: try bytes(), totalBytes: totalBytes, today: today)
  }

  /// The text's bytes from the start, decompressed if need be.
  private func bytes() throws(VendorFileError) -> any ByteSource {
    let isGzip = try startsLikeGzip()
    if path.lowercased().hasSuffix(".gz"), !isGzip, totalBytes > 1 { throw .notGzip }
    if path.lowercased().hasSuffix(".gz") || isGzip { return try GunzippedBytes(of: rawBytes()) }
    return rawBytes()
  }

  private func rawBytes() -> any ByteSource {
    switch content {
    case .file(let file): FileBytes(of: file)
    case .spool(let spool): SpooledBytes(of: spool)
    }
  }

  private func startsLikeGzip() throws(VendorFileError) -> Bool {
    var window = RecordWindow(source: rawBytes(), recordLimitBytes: 1, chunkBytes: 1)
    try window.refill()
    return window.startsWith([0x1F, 0x8B])
  }
}

/// Where the bytes of a `VendorFile` lie.
private enum StoredContent: Sendable {
  case file(StoredFile)
  case spool(SealedSpool)
}
