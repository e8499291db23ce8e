import Glibc
import PinBytes
import PinWords

/// RESP, the protocol of Valkey and Redis; what is asked are the functions of `Scripts/peers/valkey.lua`.
final class ValkeyDialect: Dialect {
  private var frames: ValkeyFrames

  init(products: [UInt32]) { frames = ValkeyFrames(products: products) }

  func open(on transport: Transport) {}

  func append(_ request: Request, to outgoing: inout SocketBuffer) { frames.append(request, to: &outgoing) }

  /// Only what the functions answer with: integers, strings, nothing, and errors.
  func answerByteCount(_ bytes: RawSpan) throws(BenchmarkError) -> Int? {
    guard let line = lineByteCount(bytes) else { return nil }
    guard kind(bytes) == UInt8(ascii: "$") else { return line }
    let length = number(bytes.extracting(1..<line - 2))
    guard length >= 0 else { return line }
    let byteCount = line + length + 2
    return bytes.byteCount >= byteCount ? byteCount : nil
  }

  func read(_ answer: RawSpan, of step: Step, card: (Int?) -> Void) throws(BenchmarkError) -> AnswerHead {
    let line = lineByteCount(answer) ?? answer.byteCount
    switch kind(answer) {
    case UInt8(ascii: ":"):
      return number(answer.extracting(1..<line - 2)) == 1 ? .done : .outOfStock
    case UInt8(ascii: "$"):
      guard answer.byteCount > line else { return .outOfStock }
      // The serial, a blank, and the PIN.
      let text = answer.extracting(line..<answer.byteCount - 2)
      let blank = text.byteOffsets.first { text.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == 0x20 }
      card(
        blank.flatMap {
          BenchmarkCards.number(serial: text.extracting(0..<$0), pin: text.extracting(($0 + 1)...))
        })
      return .done
    default:
      throw BenchmarkError("the server answered: " + answer.text)
    }
  }

  private func kind(_ bytes: RawSpan) -> UInt8 { bytes.unsafeLoad(as: UInt8.self) }

  /// How long the first line is, its end included.
  private func lineByteCount(_ bytes: RawSpan) -> Int? {
    for offset in bytes.byteOffsets where bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == 0x0A {
      return offset + 1
    }
    return nil
  }

  private func number(_ digits: RawSpan) -> Int {
    var value = 0
    for offset in digits.byteOffsets {
      let digit = digits.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      // A length below zero means that there is nothing.
      guard (0x30...0x39).contains(digit), value < 1 << 40 else { return -1 }
      value = value * 10 + Int(digit - 0x30)
    }
    return value
  }
}

/// Requests as RESP has them, an array of strings each, encoded once; a request puts its own id in.
private struct ValkeyFrames: ~Copyable {
  private let reserves: [Template]
  private let vends: [Template]
  private let dispense: Template
  private var writer = ByteWriter(capacity: 256)

  init(products: [UInt32]) {
    let deadline = (UInt64(time(nil)) + 3600) * 1000
    reserves = products.map { Template("reserve", stock: $0, argument: "\(deadline)") }
    vends = products.map { Template("vend", stock: $0, argument: nil) }
    dispense = Template("dispense", stock: nil, argument: nil)
  }

  mutating func append(_ request: Request, to outgoing: inout SocketBuffer) {
    let template =
      switch request.step {
      case .reserve: reserves[request.product]
      case .dispense: dispense
      default: vends[request.product]
      }
    writer.removeAll()
    writer.write(template.bytes)
    writer.overwrite(request.id.high, at: template.idOffset)
    writer.overwrite(request.id.low, at: template.idOffset + 8)
    outgoing.append(writer.bytes)
  }

  private struct Template {
    var bytes: [UInt8]
    var idOffset: Int

    init(_ function: String, stock product: UInt32?, argument: String?) {
      let keys = ["r:" + String(repeating: "?", count: 16)] + (product.map { ["stock:\($0)"] } ?? [])
      let words = ["FCALL", function, "\(keys.count)"] + keys + (argument.map { [$0] } ?? [])
      let text = "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
      bytes = Array(text.utf8)
      guard let mark = bytes.firstIndex(of: UInt8(ascii: "?")) else { preconditionFailure("a request has an id") }
      idOffset = mark
    }
  }
}

extension AnswerHead {
  static let outOfStock = AnswerHead(status: Status.insufficientStock.rawValue)
}

extension RawSpan {
  /// What is printable of it, on one line.
  var text: String {
    let bytes = byteOffsets.prefix(200).map { unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    return String(decoding: bytes.map { (0x20..<0x7F).contains($0) ? $0 : 0x20 }, as: UTF8.self)
  }
}
