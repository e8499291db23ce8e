import PinBytes
import PinWords

// Request of commit and abandon purchase, 4 bytes:
//   0 purchase u32
// Answer of commit: see BeginPurchase.swift. Abandon answers with nothing more.

extension PurchaseID: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self = try reader.identity() }
  func write(to writer: inout ByteWriter) { writer.write(rawValue) }
  func check(_ limits: Limits) throws(ProtocolFault) { try require(rawValue != 0, .purchase) }
}
