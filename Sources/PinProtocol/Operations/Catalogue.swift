import PinBytes
import PinWords

// Request, 4 bytes:
//   0 after product u32
// Answer: a page of products, see Records/Product.swift.

/// Products with a greater id than this; 0 for the first.
public struct CatalogueQuery: Hashable, Sendable {
  public var after: ProductID
  public init(after: ProductID = ProductID(0)) { self.after = after }
}

extension CatalogueQuery: RequestBody {
  init(from reader: inout BodyReader) throws(ProtocolFault) { self.init(after: try reader.identity()) }
  func write(to writer: inout ByteWriter) { writer.write(after.rawValue) }
  func check(_ limits: Limits) throws(ProtocolFault) {}
}
