import PinProtocol
import PinWords
import VendorFiles

/// Cards gathered until a chunk is full, with the lines they stand on, and the refused rows among them.
struct ChunkBuilder {
  struct Chunk {
    var cards: [LoadCards.Card] = []
    /// The line of each card.
    var lines: [Int] = []
    var refused: [RefusedRow] = []
    /// What the cards take in a frame.
    fileprivate var byteCount = 0
  }

  private let cardLimit: Int
  private let byteLimit: Int
  /// So that a file of bad rows alone does not gather them all.
  private let refusedLimit = 4096
  private var chunk = Chunk()

  init(limits: Limits) {
    cardLimit = Int(limits.cardsPerChunk)
    byteLimit = Int(limits.frameBytes) - FrameHeader.byteCount - 16
  }

  mutating func note(_ refused: RefusedRow) { chunk.refused.append(refused) }

  /// False if the chunk is full: take it first.
  mutating func add(line: Int, expiry: Day, serial: RawSpan, pin: RawSpan) -> Bool {
    let byteCount = 6 + serial.byteCount + pin.byteCount
    guard chunk.cards.count < cardLimit, chunk.byteCount + byteCount <= byteLimit, chunk.refused.count < refusedLimit
    else { return false }
    chunk.cards.append(LoadCards.Card(expiry: expiry, serial: text(serial), pin: PIN(text(pin))))
    chunk.lines.append(line)
    chunk.byteCount += byteCount
    return true
  }

  mutating func take() -> Chunk {
    defer {
      chunk = Chunk()
      chunk.cards.reserveCapacity(cardLimit)
      chunk.lines.reserveCapacity(cardLimit)
    }
    return chunk
  }

  /// The reader has checked that it is UTF-8.
  private func text(_ bytes: RawSpan) -> String {
    bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
  }
}
