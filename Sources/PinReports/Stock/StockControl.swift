import PinWords

/// The control row of each product: opening + received − sold + returned ± adjusted = closing, in cards on hand.
///
/// Opening and closing are counted by where events say that cards are, the rest by what kind of events moved them.
enum StockControl {
  private static let columns = [
    Column("product", "Product"), Column("product_name", "Name"), Column("opening", "Opening", .number),
    Column("received", "Received", .number), Column("sold", "Sold", .number), Column("returned", "Returned", .number),
    Column("adjusted", "Adjusted", .number), Column("closing", "Closing", .number),
  ]

  /// Writes the section; throws if the equation does not hold for a product.
  ///
  /// Sold are deliveries and settlements; returned are returns and cancellations; adjusted is what was withdrawn.
  static func write(_ books: Books, to writer: any ReportWriter, where isWanted: (Product) -> Bool) throws {
    try writer.begin(Section("control", "Cards on hand", columns))
    for (product, account) in books.stock where isWanted(product) { try writer.add(row(product, account)) }
    try writer.endSection()
  }

  static func row(_ product: Product, _ account: StockAccount) throws(ReportError) -> [Cell] {
    let flows = account.flows
    guard account.opening + flows.net == account.onHand else {
      throw .outOfBalance(product: product.sku, expected: account.opening + flows.net, counted: account.onHand)
    }
    return [
      .text(product.sku), .text(product.name), .number(account.opening), .number(flows.received),
      .number(flows.sold), .number(flows.returned), .number(-flows.withdrawn),
      .number(account.onHand),
    ]
  }
}
