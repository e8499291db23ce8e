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
    var text = text
    text.withUTF8 { buffer.append(contentsOf: $0) }
    if buffer.count >= Self.pieceByteCount { try flush() }
  }

  /// Hands on what is left.
  package func flush() throws {
    guard !buffer.isEmpty else { return }
    try output(buffer)
    buffer.removeAll(keepingCapacity: true)
  }
}
