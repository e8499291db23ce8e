import Hummingbird
import NIOCore
import PinEngine
import PinOrders
import PinReports
import PinWords

/// The reports that documents tell: what calls cost, and who calls which country.
///
/// They say how things stand when they are made. Customers on the fraud list, and those whose documents are purged, are in
/// none. A report is written as customers are read, a page of them at a time.
struct DocumentReports: Sendable {
  let desk: OrderDesk
  let reports: ReportDesk

  func report(_ asked: AskedReport, _ asker: OrderDesk.Asker) async throws -> Response {
    let sections = asked.report.kind == .countries ? ["rows", "countries"] : ["rows"]
    if let section = asked.section, !sections.contains(section) {
      throw Problem(ReportError.unknownSection(section, known: sections))
    }
    if asked.report.kind == .countries {
      guard desk.engine.allows(asker.actor, .findCustomers) else { throw Problem(.notPermitted) }
      return countries(asked, asker)
    }
    return try await countryRates(asked)
  }

  // MARK: Country rates

  private func countryRates(_ asked: AskedReport) async throws -> Response {
    let store = OrderDesk.Asker(actor: .store, keyNumber: 0)
    let provenance = reports.provenance
    var rated: [CountryRatesReport.RatedProduct] = []
    for product in desk.engine.catalogue.products {
      do {
        rated.append(.init(product, try await desk.rates(of: product.id, store).rates))
      } catch OrderFault.orderRefused(.unknownSheet) {
        // Nothing is said of its calls.
      } catch OrderFault.purged {
        // Its rates are being written anew.
      }
    }
    var callers: [String: Int] = [:]
    try await forEachCustomer(store) { _, details in
      for call in details.calls ?? [] { callers[call.country, default: 0] += 1 }
    }
    var bytes: [UInt8] = []
    let writer = asked.format.writer(TextSink { bytes += $0 }, section: asked.section, style: asked.style)
    try CountryRatesReport(asked.report, rated).write(callers: callers, provenance, to: writer)
    return Response(
      status: .ok, headers: asked.headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  // MARK: Countries and clients

  private func countries(_ asked: AskedReport, _ asker: OrderDesk.Asker) -> Response {
    Response(
      status: .ok, headers: asked.headers,
      body: ResponseBody { writer in
        let provenance = reports.provenance
        var bytes: [UInt8] = []
        var report = CountriesReport(
          asked.report, asked.format.writer(TextSink { bytes += $0 }, section: asked.section, style: asked.style))
        try report.begin()
        var next: RequestID? = .zero
        while let after = next {
          let page = try await desk.customers(matching: "", after: after, asker)
          for (customer, details) in page.found {
            guard let details, !customer.isBarred, let calls = details.calls, !calls.isEmpty else { continue }
            try report.add(
              CountriesReport.Client(
                id: customer.id, name: details.name, email: details.email, consents: customer.consents, calls: calls,
                purchases: try await purchases(of: customer.id, asked.report.days.endMilliseconds, asker)))
          }
          if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
          bytes.removeAll(keepingCapacity: true)
          next = page.next
        }
        try report.end(provenance)
        try await writer.write(ByteBuffer(bytes: bytes))
        try await writer.finish(nil)
      })
  }

  /// What a customer has bought and was given, of orders from before a time.
  private func purchases(
    of customer: RequestID, _ endMilliseconds: UInt64, _ asker: OrderDesk.Asker
  ) async throws -> [CountriesReport.Purchases] {
    var purchases: [Currency: CountriesReport.Purchases] = [:]
    var next: RequestID? = .zero
    while let after = next {
      let page = try await desk.orders(of: customer, after: after, asker)
      for order in page.orders where order.submittedAtMilliseconds < endMilliseconds && order.axes.fulfilment.wasGiven {
        purchases[order.currency, default: .init(in: order.currency)].add(
          spendMinor: Int128(order.paidMinor) - Int128(order.creditedMinor),
          atMilliseconds: order.submittedAtMilliseconds)
      }
      next = page.next
    }
    return Array(purchases.values)
  }

  private func forEachCustomer(
    _ asker: OrderDesk.Asker, _ body: (Customer, CustomerDetails) -> Void
  ) async throws {
    var next: RequestID? = .zero
    while let after = next {
      let page = try await desk.customers(matching: "", after: after, asker)
      for (customer, details) in page.found where !customer.isBarred {
        if let details { body(customer, details) }
      }
      next = page.next
    }
  }
}

extension OrderFulfilment {
  /// Whether the customer got the cards.
  fileprivate var wasGiven: Bool { self == .delivered || self == .shipped || self == .returned }
}
