import PinBytes
import PinProtocol
import PinWords

/// The frames that a benchmark sends, each encoded once by the codec; a request puts its own id and number in.
struct RequestFrames: ~Copyable {
  private static let requestNumberOffset = 8
  private static let idOffset = FrameHeader.byteCount
  static let cartLineCount = 3
  static let cartHoldSeconds: UInt32 = 2

  private let vends: [[UInt8]]
  private let reserves: [[UInt8]]
  private let carts: [[UInt8]]
  private let dispense: [UInt8]
  private let lookUp: [UInt8]
  private let reprint: [UInt8]
  private var writer = ByteWriter(capacity: 512)

  init(products: [UInt32]) {
    let anyID = RequestID(high: 1, low: 1)
    let lines = products.map { Line(product: ProductID($0), count: 1) }
    vends = lines.map { Self.encoded(.vend(Vend(id: anyID, line: $0))) }
    reserves = lines.map { Self.encoded(.reserve(Reserve(id: anyID, holdSeconds: 600, lines: [$0]))) }
    carts = lines.indices.map { first in
      let cart = (0..<Self.cartLineCount).map { lines[(first + $0) % lines.count] }
      return Self.encoded(.reserve(Reserve(id: anyID, holdSeconds: Self.cartHoldSeconds, lines: cart)))
    }
    dispense = Self.encoded(.dispense(anyID))
    lookUp = Self.encoded(.lookUp(anyID))
    reprint = Self.encoded(.reprint(Reprint(reservation: anyID, firstIndex: 0)))
  }

  /// Appends the request of this step for this id.
  mutating func append(
    _ step: Step, id: RequestID, product: Int, requestNumber: UInt32, to outgoing: inout SocketBuffer
  ) {
    writer.removeAll()
    writer.write(frame(step, product))
    writer.overwrite(requestNumber, at: Self.requestNumberOffset)
    writer.overwrite(id.high, at: Self.idOffset)
    writer.overwrite(id.low, at: Self.idOffset + 8)
    outgoing.append(writer.bytes)
  }

  private func frame(_ step: Step, _ product: Int) -> [UInt8] {
    switch step {
    case .vend, .vendAgain: vends[product]
    case .reserve: reserves[product]
    case .cart: carts[product]
    case .dispense: dispense
    case .lookUp: lookUp
    case .reprint: reprint
    }
  }

  private static func encoded(_ message: RequestMessage) -> [UInt8] {
    var writer = ByteWriter(capacity: 512)
    do throws(ProtocolFault) { try message.encode(requestNumber: 0, into: &writer) } catch {
      preconditionFailure("the benchmark's own requests are in range: \(error)")
    }
    return Array(writer.bytes)
  }
}

/// One request of an operation.
enum Step: Sendable {
  case vend, vendAgain, reserve, cart, dispense, lookUp, reprint

  /// Whether its answer hands out cards that none of its operation's answers handed out before.
  var isFirstDelivery: Bool { self == .vend || self == .dispense }
  /// Whether its answer tells cards that were handed out before.
  var isRepeat: Bool { self == .vendAgain || self == .reprint }
}
