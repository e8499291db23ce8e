/// The part of the text that is in memory: a fixed buffer that slides along a stream of bytes.
///
/// No raw pointer to the text leaves this type.
struct RecordWindow: ~Copyable {
  /// The longest record in bytes, its line's end included.
  let recordLimitBytes: Int
  private let source: any ByteSource
  private let storage: WipedBuffer
  /// The bytes that are there and not yet taken.
  private(set) var unread = 0..<0
  private(set) var isStreamOver = false
  /// What went wrong behind the bytes that are still to be taken.
  private var failure: VendorFileError?

  var consumedBytes: Int { source.consumedBytes }

  init(source: any ByteSource, recordLimitBytes: Int, chunkBytes: Int) {
    self.source = source
    self.recordLimitBytes = recordLimitBytes
    storage = WipedBuffer(byteCount: recordLimitBytes + chunkBytes)
  }

  /// Moves what is unread to the front and reads until the buffer is full or the stream over.
  ///
  /// An error of the stream is thrown only when nothing came before it, else by the next call: so every whole record
  /// before it is seen, however the bytes come.
  mutating func refill() throws(VendorFileError) {
    if let failure { throw failure }
    let bytes = storage.bytes
    bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[unread]))
    unread = 0..<unread.count
    let before = unread.count
    do throws(VendorFileError) {
      while unread.count < bytes.count, !isStreamOver {
        let count = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[unread.upperBound...]))
        unread = 0..<(unread.count + count)
        isStreamOver = count == 0
      }
    } catch {
      if unread.count == before { throw error }
      failure = error
    }
  }

  /// Reads on until more than the longest record is here, or all that there is.
  mutating func readAhead() throws(VendorFileError) {
    guard unread.count <= recordLimitBytes, !isStreamOver, failure == nil else { return }
    try refill()
  }

  func startsWith(_ prefix: [UInt8]) -> Bool {
    storage.bytes[unread].starts(with: prefix)
  }

  mutating func skip(_ count: Int) {
    unread.removeFirst(count)
  }

  /// Looks for a record at the start of what is unread, within the record limit, and leaves it there.
  @inline(__always)
  func scan(delimiter: UInt8, field: (Int, FieldRange) -> Void) -> RecordScan {
    let end = min(unread.upperBound, unread.lowerBound + recordLimitBytes)
    let text = UnsafeRawBufferPointer(storage.bytes).assumingMemoryBound(to: UInt8.self).span
    let isLast = isStreamOver && end == unread.upperBound
    return scanRecord(text, in: unread.lowerBound..<end, isLast: isLast, delimiter: delimiter, field: field)
  }

  /// Whether a record that `scan` could not complete is too long, however many bytes may follow.
  var isRecordOverLimit: Bool { unread.count > recordLimitBytes }

  /// Makes two quotes one throughout a field and returns where its text lies then.
  func undoubleQuotes(in field: FieldRange) -> Range<Int> {
    guard field.hasDoubledQuotes else { return field.text }
    let bytes = storage.bytes
    var write = field.text.lowerBound
    var read = field.text.lowerBound
    while read < field.text.upperBound {
      bytes[write] = bytes[read]
      write += 1
      read += bytes[read] == UInt8(ascii: "\"") ? 2 : 1
    }
    return field.text.lowerBound..<write
  }

  /// Lends the text of the window; ranges are those that `scan` told.
  @inline(__always)
  func withText<R, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> R) throws(Failure) -> R {
    try body(UnsafeRawBufferPointer(storage.bytes).assumingMemoryBound(to: UInt8.self).span)
  }
}
