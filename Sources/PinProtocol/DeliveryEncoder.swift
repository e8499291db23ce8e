import PinBytes
import PinWords

/// Writes a delivery's answer card by card, straight from the bytes of serial and PIN.
///
///     var encoder = DeliveryEncoder(.vend, head: head, lines: lines, …, into: writer)
///     while let card = …, encoder.hasRoom(serialByteCount: …, pinByteCount: …) { encoder.append(…) }
///     writer = encoder.finish()
///
/// It owns the writer from start to finish, so that nothing else gets in between, and must be finished.
public struct DeliveryEncoder: ~Copyable {
  private var writer: ByteWriter
  private let start: Int
  private let lines: [DeliveryLine]
  private let textByteCount: Int
  private let frameLimit: Int
  /// How many cards have been written.
  public private(set) var cardCount: UInt16 = 0

  /// Starts an answer of vend, dispense or reprint behind what the writer holds.
  ///
  /// `head.firstIndex` and `head.nextIndex` say which part of the delivery is told. The head and lines must fit the frame; those
  /// of any reservation granted under `limits` do.
  public init(
    _ operation: Operation, requestNumber: UInt32, isRepeat: Bool, sequence: UInt64, timeMilliseconds: UInt64,
    head: DeliveryHead, lines: [DeliveryLine], limits: Limits, into writer: consuming ByteWriter
  ) {
    precondition([.vend, .dispense, .reprint].contains(operation), "only these are answered with a delivery")
    self.writer = writer
    self.lines = lines
    textByteCount = lines.reduce(0) { $0 + $1.name.utf8.count + $1.instructions.utf8.count }
    frameLimit = Int(limits.frameBytes)
    start = self.writer.beginFrame(
      operationNumber: operation.rawValue, isRepeat: isRepeat, requestNumber: requestNumber)
    self.writer.write(sequence)
    self.writer.write(timeMilliseconds)
    head.write(to: &self.writer, cardCount: 0, lineCount: UInt16(lines.count))
    for line in lines { line.write(to: &self.writer) }
    precondition(
      self.writer.count - start + textByteCount <= frameLimit, "a delivery's lines fit a frame under these limits")
  }

  /// Whether one more card with so long a serial and PIN fits the frame.
  public func hasRoom(serialByteCount: Int, pinByteCount: Int) -> Bool {
    let cardByteCount = Delivery.Card.byteCount + serialByteCount + pinByteCount
    return cardCount < .max && writer.count - start + cardByteCount + textByteCount <= frameLimit
  }

  /// Writes one card, for which there must be room.
  public mutating func append(id: CardID, line: UInt16, expiry: Day, serial: RawSpan, pin: RawSpan) {
    precondition(hasRoom(serialByteCount: serial.byteCount, pinByteCount: pin.byteCount), "ask for room first")
    precondition(serial.byteCount <= 255 && (1...255).contains(pin.byteCount) && Int(line) < lines.count)
    writer.write(id.rawValue)
    writer.write(expiry.daysSince1970)
    writer.write(line)
    writer.write(UInt8(serial.byteCount))
    writer.write(UInt8(pin.byteCount))
    writer.write(serial)
    writer.write(pin)
    cardCount += 1
  }

  /// Completes the frame and gives the writer back.
  public consuming func finish() -> ByteWriter {
    for line in lines {
      writer.write(text: line.name)
      writer.write(text: line.instructions)
    }
    let cardCountOffset = start + FrameHeader.byteCount + AnswerMessage.prefixByteCount + DeliveryHead.cardCountOffset
    writer.overwrite(cardCount, at: cardCountOffset)
    writer.overwrite(UInt32(writer.count - start), at: start)
    return writer
  }
}
