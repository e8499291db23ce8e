import PinBytes
import PinProtocol
import PinWords

/// The frames that a benchmark sends, each encoded once by the codec; a request puts its own id and number in.
struct RequestFrames: ~Copyable {
  private static let requestNumberOffset = 8
  private static let idOffset = FrameHeader.byteCount
  private static let cartHoldSeconds: UInt32 = 2
  private static let holdSeconds: UInt32 = 600

  private let vends: [[UInt8]]
  private let reserves: [[UInt8]]
  private let carts: [[UInt8]]
  private let dispense: [UInt8]
  private let release: [UInt8]
  private let lookUp: [UInt8]
  private let reprint: [UInt8]
  private var writer = ByteWriter(capacity: 512)

  init(_ plan: BenchmarkPlan, products: [UInt32]) {
    let anyID = RequestID(high: 1, low: 1)
    let lines = products.map { Line(product: ProductID($0), count: 1) }
    vends = lines.map { Self.encoded(.vend(Vend(id: anyID, line: $0))) }
    reserves = lines.map { Self.encoded(.reserve(Reserve(id: anyID, holdSeconds: Self.holdSeconds, lines: [$0]))) }
    carts = lines.indices.map { first in
      let cart = (0..<plan.lineCount).map {
        Line(product: lines[(first + $0) % lines.count].product, count: UInt32(plan.cardsPerLine))
      }
      let seconds = plan.shape == .carts ? Self.cartHoldSeconds : Self.holdSeconds
      return Self.encoded(.reserve(Reserve(id: anyID, holdSeconds: seconds, lines: cart)))
    }
    dispense = Self.encoded(.dispense(anyID))
    release = Self.encoded(.release(anyID))
    lookUp = Self.encoded(.lookUp(anyID))
    reprint = Self.encoded(.reprint(Reprint(reservation: anyID, firstIndex: 0)))
  }

  /// Appends a request's frame.
  mutating func append(_ request: Request, to outgoing: inout SocketBuffer) {
    writer.removeAll()
    writer.write(frame(request.step, request.product))
    writer.overwrite(request.number, at: Self.requestNumberOffset)
    writer.overwrite(request.id.high, at: Self.idOffset)
    writer.overwrite(request.id.low, at: Self.idOffset + 8)
    outgoing.append(writer.bytes)
  }

  private func frame(_ step: Step, _ product: Int) -> [UInt8] {
    switch step {
    case .vend, .vendAgain: vends[product]
    case .reserve: reserves[product]
    case .cart: carts[product]
    case .dispense: dispense
    case .release: release
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
