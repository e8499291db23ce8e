import ArgumentParser
import PinClient
import PinWords

extension RequestID: ExpressibleByArgument {
  public init?(argument: String) {
    guard let id = RequestID(argument), id != .zero else { return nil }
    self = id
  }
}

extension Currency: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// The id of a change.
struct ChangeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The change's own id, 32 hexadecimal digits: the same id never does it twice. (default: a new one)",
      valueName: "id"))
  var id: RequestID?

  func id(_ client: PinClient) -> RequestID { id ?? client.newID() }
}

/// Who sold, and how it was paid.
struct SaleOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The cashier's number, for the books.", valueName: "number"))
  var cashier: UInt32 = 0

  @Option(help: "How it was paid, for the books.")
  var tender: TenderChoice = .unspecified

  @Flag(help: "Sell used cards (those that came back) instead of regular ones.")
  var used = false

  var sale: Sale { Sale(cashier: cashier, tender: tender.tender) }
  var condition: Condition { used ? .used : .regular }
}

enum TenderChoice: String, ExpressibleByArgument, CaseIterable {
  case unspecified, cash, card, account, voucher, other

  var tender: Tender {
    switch self {
    case .unspecified: .unspecified
    case .cash: .cash
    case .card: .card
    case .account: .account
    case .voucher: .voucher
    case .other: .other
    }
  }
}

extension Extent {
  /// `17` or `17-29`.
  init?(text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
    guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], first >= 1, last >= first,
      let count = UInt32(exactly: last - first + 1)
    else { return nil }
    self.init(first: CardID(first), count: count)
  }
}

/// Cards by id, as `pinvault card` tells it.
struct ExtentArgument: ExpressibleByArgument {
  let extent: Extent

  init?(argument: String) {
    guard let extent = Extent(text: argument) else { return nil }
    self.extent = extent
  }
}

extension [Extent] {
  /// In rising order, those that touch joined, as a request wants them; nil if two overlap.
  func inOrder() -> [Extent]? {
    var joined: [Extent] = []
    for extent in sorted(by: { $0.first < $1.first }) {
      guard let last = joined.last, last.end >= extent.first else {
        joined.append(extent)
        continue
      }
      guard last.end == extent.first, let count = UInt32(exactly: UInt64(last.count) + UInt64(extent.count)) else {
        return nil
      }
      joined[joined.count - 1].count = count
    }
    return joined
  }
}
