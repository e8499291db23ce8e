import PinEngine
import PinWords

/// What sales add up to, a sum for each user, actor, product or tender that a report is made by, and each currency.
///
/// It grows with what there are, and who says what a cashier's number is, is a terminal: so there is an end to it.
struct GroupedFigures {
  /// More rows than this no report holds at once; each takes some 550 bytes until they are written.
  static let mostRows = 1 << 18

  private(set) var list: [(key: RowKey, figures: SalesFigures)] = []
  private let grouping: Grouping?
  private let mostRows: Int
  private var places: [RowKey: Int] = [:]
  /// What was asked for last: the next one often is the same.
  private var last = 0

  init(by grouping: Grouping?, mostRows: Int = Self.mostRows) {
    self.grouping = grouping
    self.mostRows = mostRows
  }

  mutating func add(_ posting: Posting) throws(ReportError) {
    let key = RowKey(group: GroupKey(grouping, posting), currency: posting.currency)
    list[try place(of: key)].figures.add(posting)
  }

  mutating func add(_ figures: SalesFigures, of key: RowKey) throws(ReportError) {
    list[try place(of: key)].figures.add(figures)
  }

  /// In the order of what they are of.
  var sorted: [(key: RowKey, figures: SalesFigures)] { list.sorted { $0.key < $1.key } }

  mutating func removeAll() {
    list.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }

  /// Where the sum of a key is in the list.
  private mutating func place(of key: RowKey) throws(ReportError) -> Int {
    if last < list.count, list[last].key == key { return last }
    if let place = places[key] {
      last = place
    } else {
      guard list.count < mostRows else { throw .tooManyRows(most: mostRows) }
      last = list.count
      list.append((key, SalesFigures()))
      places[key] = last
    }
    return last
  }
}

/// What a row of sums is of.
struct RowKey: Hashable, Comparable {
  var group: GroupKey
  var currency: Currency

  static func < (left: RowKey, right: RowKey) -> Bool {
    left.group == right.group ? left.currency.code < right.currency.code : left.group < right.group
  }

  /// What a report tells of it before its figures.
  func cells(_ books: Books) -> [Cell] { group.cells(books) }
}

/// What a posting counts for in a report that is made by something.
enum GroupKey: Hashable {
  case all
  case user(Posting.User)
  case actor(ActorID)
  case product(ProductID)
  case tender(Tender)

  init(_ grouping: Grouping?, _ posting: Posting) {
    switch grouping {
    case nil: self = .all
    case .user: self = .user(posting.user)
    case .actor: self = .actor(posting.user.actor)
    case .product: self = .product(posting.product)
    case .tender: self = .tender(posting.tender)
    }
  }

  fileprivate func cells(_ books: Books) -> [Cell] {
    switch self {
    case .all: []
    case .user(let user): [.text(books.name(of: user))]
    case .actor(let actor): [.text(books.name(of: actor))]
    case .product(let product): [.text(books.sku(of: product)), .text(books.products[product]?.name ?? "")]
    case .tender(let tender): [.text(tender.name)]
    }
  }
}

extension GroupKey: Comparable {
  /// In the order in which things were named first: that of their numbers.
  static func < (left: GroupKey, right: GroupKey) -> Bool {
    switch (left, right) {
    case (.user(let left), .user(let right)): left < right
    case (.actor(let left), .actor(let right)): left < right
    case (.product(let left), .product(let right)): left < right
    case (.tender(let left), .tender(let right)): left.rawValue < right.rawValue
    default: false
    }
  }
}
