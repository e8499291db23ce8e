/// Gathers text and hands it on in large pieces.
package final class TextSink {
  private var buffer: [UInt8] = []
  private let output: ([UInt8]) throws -> Void
  private static let pieceByteCount = 64 << 10

  package init(_ output: @escaping ([UInt8]) throws -> Void) {
    self.output = output
    buffer.reserveCapacity(Self.pieceByteCount + 4096)
  }

  func write(_ text: String) throws {
    buffer.append(text)
    if buffer.count >= Self.pieceByteCount { try flush() }
  }

  func write(_ bytes: [UInt8]) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= Self.pieceByteCount { try flush() }
  }

  /// Hands on what is left.
  package func flush() throws {
    guard !buffer.isEmpty else { return }
    try output(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}

extension [UInt8] {
  /// Appends text: a row is put together in an array of its own, so that the sink is reached once for it.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(contentsOf: $0) }
  }
}
