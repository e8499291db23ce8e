import PinEngine
import PinOrders
import PinWords

/// The bodies of the catalogue, of vendors and of purchase orders.
struct ProductBody: Codable {
  var name: String
  var vendor: String
  var currency: String
  var faceValueMinor: UInt64
  var priceMinor: UInt64
  var instructions: String?
  var lowStockThreshold: UInt32?
  var minimumValidityDays: UInt16?
}

struct ProductAnswer: Encodable {
  var product: UInt32
  var sku: String
  var name: String
  var vendor: String
  var currency: String
  var faceValueMinor: UInt64
  var priceMinor: UInt64
  var instructions: String
  var lowStockThreshold: UInt32
  var minimumValidityDays: UInt16
  var isOnSale: Bool

  init(_ product: Product) {
    self.product = product.id.rawValue
    sku = product.sku
    name = product.name
    vendor = product.vendor
    currency = "\(product.currency)"
    faceValueMinor = product.faceValueMinor
    priceMinor = product.priceMinor
    instructions = product.instructions
    lowStockThreshold = product.lowStockThreshold
    minimumValidityDays = product.minimumValidityDays
    isOnSale = !product.isFrozen
  }
}

struct StopBody: Codable {
  var reason: String
}

struct SheetAnswer: Encodable {
  var version: UInt32
}

struct RateBody: Codable {
  /// Two capital letters.
  var from: String
  var to: String
  /// `fixed` or `mobile`.
  var line: String
  /// In thousandths of a minor unit.
  var perMinuteThousandths: UInt64
  var connectionMinor: UInt64
  var roundingSeconds: UInt16
  var maintenanceMinor: UInt64
  /// `YYYY-MM-DD`.
  var validFrom: String

  init(_ rate: CountryRate) {
    from = rate.from
    to = rate.to
    line = rate.isMobile ? "mobile" : "fixed"
    perMinuteThousandths = rate.perMinuteThousandths
    connectionMinor = rate.connectionMinor
    roundingSeconds = rate.roundingSeconds
    maintenanceMinor = rate.maintenanceMinor
    validFrom = rate.validFrom.calendarText
  }

  var rate: CountryRate {
    get throws {
      guard ["fixed", "mobile"].contains(line), let day = Day(calendarText: validFrom) else {
        throw Problem.invalid("rates")
      }
      return CountryRate(
        from: from, to: to, isMobile: line == "mobile", perMinuteThousandths: perMinuteThousandths,
        connectionMinor: connectionMinor, roundingSeconds: roundingSeconds, maintenanceMinor: maintenanceMinor,
        validFrom: day)
    }
  }
}

struct RatesBody: Codable {
  /// Of the rates that were looked at; 0 for the first.
  var version: UInt32
  /// All of the product's.
  var rates: [RateBody]
}

struct VendorBody: Codable {
  var version: UInt32
  var contact: String?
  var email: String?
  var phone: String?
  var address: [String]?
  var note: String?

  var details: VendorDetails {
    VendorDetails(contact: contact, email: email, phone: phone, address: address, note: note)
  }
}

struct VendorAnswer: Encodable {
  var name: String
  /// 0 for one that only an import named.
  var version: UInt32?
  var contact: String?
  var email: String?
  var phone: String?
  var address: [String]?
  var note: String?

  init(_ name: String, version: UInt32? = nil, _ details: VendorDetails? = nil) {
    self.name = name
    self.version = version
    contact = details?.contact
    email = details?.email
    phone = details?.phone
    address = details?.address
    note = details?.note
  }
}

struct PurchaseOrderBody: Codable {
  struct Line: Codable {
    var sku: String
    var count: UInt32
    var unitCostMinor: UInt64
  }
  /// 0 for a new one.
  var version: UInt32
  var vendor: String
  var lines: [Line]
}

struct ReceiveBody: Codable {
  var version: UInt32
  /// The import's number.
  var purchase: UInt32
}

struct PurchaseOrderAnswer: Encodable {
  struct Line: Encodable {
    var sku: String
    var count: UInt32
    var unitCostMinor: UInt64
    var received: UInt64
    /// Cards of its imports that were refused: duplicates, and whatever else could not be loaded.
    var refused: UInt64
    /// Cards that have not come yet.
    var short: UInt64
  }
  var id: RequestID
  var version: UInt32
  var state: String
  var vendor: String
  var currency: String
  var drafted: String
  var totalMinor: UInt64
  var lines: [Line]
  /// The numbers of the imports that came in against it.
  var receipts: [PurchaseID]

  init(_ order: PurchaseOrder, _ catalogue: Catalogue) {
    id = order.id
    version = order.version
    state = "\(order.state)"
    vendor = order.vendor
    currency = "\(order.currency)"
    drafted = rfc3339(order.draftedAtMilliseconds)
    // At most 64 lines of 2^32 cards at 2^40: it may not fit, and then says the most that does.
    totalMinor = order.lines.reduce(0) { sum, line in
      let (cost, overflows) = line.unitCostMinor.multipliedReportingOverflow(by: UInt64(line.count))
      let (total, isTooMuch) = sum.addingReportingOverflow(cost)
      return overflows || isTooMuch ? .max : total
    }
    lines = order.lines.map { line in
      Line(
        sku: catalogue.product(line.product)?.sku ?? "", count: line.count, unitCostMinor: line.unitCostMinor,
        received: line.received, refused: line.refused, short: line.short)
    }
    receipts = order.receipts
  }
}

struct PurchaseOrdersAnswer: Encodable {
  var purchaseOrders: [PurchaseOrderAnswer]
  /// To go on after; not there on the last page.
  var next: RequestID?
}
