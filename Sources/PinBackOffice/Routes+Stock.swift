import Hummingbird
import PinEngine
import PinOrders
import PinWords

/// The paths of the catalogue, of vendors and of purchase orders.
extension Routes {
  func addStock(to router: Router<Caller>) {
    router.get("/products") { _, context in try answer(try desk.products(context.asker).map(ProductAnswer.init)) }
    router.get("/products/:sku") { _, context in
      let asked = try product(context)
      return try answer(try desk.products(context.asker).first { $0.id == asked.id }.map(ProductAnswer.init))
    }
    router.put("/products/:sku", use: defineProduct)
    router.post("/products/:sku/withdraw") { try await setSale(false, $0, $1) }
    router.post("/products/:sku/offer") { try await setSale(true, $0, $1) }
    router.put("/products/:sku/picture", use: definePicture)
    router.get("/products/:sku/picture") { _, context in
      let picture = try await desk.picture(of: try product(context).id, context.asker)
      return Response(
        status: .ok, headers: [.contentType: picture.mediaType ?? "application/octet-stream"],
        body: ResponseBody(byteBuffer: ByteBuffer(bytes: picture.bytes)))
    }
    router.get("/products/:sku/rates") { _, context in
      let (version, rates) = try await desk.rates(of: try product(context).id, context.asker)
      return try answer(RatesBody(version: version, rates: rates.map(RateBody.init)))
    }
    router.put("/products/:sku/rates") { request, context in
      let body = try await request.read(RatesBody.self, context)
      let done = try await desk.define(
        try body.rates.map { try $0.rate }, of: try product(context).id, version: body.version, id: request.changeID,
        context.asker)
      return try answer(SheetAnswer(version: done.value.version), isRepeat: done.isRepeat)
    }
    router.get("/vendors") { _, context in try answer(try desk.vendors(context.asker).map { VendorAnswer($0) }) }
    router.get("/vendors/:name") { _, context in
      let name = try context.pathText("name")
      let (version, details) = try await desk.vendor(name, context.asker)
      return try answer(VendorAnswer(name, version: version, details))
    }
    router.put("/vendors/:name", use: defineVendor)
    addPurchasing(to: router)
  }

  private func addPurchasing(to router: Router<Caller>) {
    router.get("/purchase-orders", use: purchaseOrders)
    router.get("/purchase-orders/:id") { _, context in
      try answer(try await desk.purchaseOrder(context.pathID, context.asker))
    }
    router.put("/purchase-orders/:id") { request, context in
      let body = try await request.read(PurchaseOrderBody.self, context)
      let lines = try body.lines.map { line in
        PurchaseOrder.Line(product: try product(line.sku).id, count: line.count, unitCostMinor: line.unitCostMinor)
      }
      return try await act(.draft(vendor: body.vendor, lines: lines), body.version, request, context)
    }
    router.post("/purchase-orders/:id/approve") { request, context in
      let body = try await request.read(ActBody.self, context)
      return try await act(.approve, body.version, request, context)
    }
    router.post("/purchase-orders/:id/receive") { request, context in
      let body = try await request.read(ReceiveBody.self, context)
      return try await act(.receive(PurchaseID(body.purchase)), body.version, request, context)
    }
    router.post("/purchase-orders/:id/close") { request, context in
      let body = try await request.read(ReasonBody.self, context)
      return try await act(.close(reason: body.reason), body.version, request, context)
    }
  }

  // MARK: Products

  /// The product that the path names.
  func product(_ context: Caller) throws -> Product { try product(try context.pathText("sku")) }

  func product(_ sku: String) throws -> Product {
    guard let product = desk.engine.catalogue.product(sku: sku) else {
      throw Problem("unknown-product", .notFound, "There is no such product.")
    }
    return product
  }

  @Sendable private func defineProduct(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(ProductBody.self, context)
    guard let currency = Currency(body.currency) else { throw Problem.invalid("currency") }
    let product = Product(
      id: ProductID(0), sku: try context.pathText("sku"), name: body.name, vendor: body.vendor,
      currency: currency, faceValueMinor: body.faceValueMinor, priceMinor: body.priceMinor,
      instructions: body.instructions ?? "", lowStockThreshold: body.lowStockThreshold ?? 0,
      minimumValidityDays: body.minimumValidityDays ?? 0)
    let done = try await desk.define(product, id: request.changeID, context.asker)
    return try answer(ProductAnswer(done.value), isRepeat: done.isRepeat)
  }

  private func setSale(_ isOffered: Bool, _ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(StopBody.self, context)
    let done = try await desk.setSale(
      isOffered, of: try product(context).id, reason: body.reason, id: request.changeID, context.asker)
    return try answer(ProductAnswer(done.value), isRepeat: done.isRepeat)
  }

  @Sendable private func definePicture(_ request: Request, _ context: Caller) async throws -> Response {
    let bytes = [UInt8](try await request.body.collect(upTo: context.maxUploadSize).readableBytesView)
    guard let picture = Picture(bytes) else { throw Problem.invalid("picture") }
    guard let version = request.uri.queryParameters["version"].flatMap({ UInt32(String($0)) }) else {
      throw Problem.invalid("version")
    }
    let done = try await desk.define(
      picture: picture, of: try product(context).id, version: version, id: request.changeID, context.asker)
    return try answer(SheetAnswer(version: done.value.version), isRepeat: done.isRepeat)
  }

  // MARK: Vendors

  @Sendable private func defineVendor(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(VendorBody.self, context)
    let name = try context.pathText("name")
    let done = try await desk.define(
      body.details, vendor: name, version: body.version, id: request.changeID, context.asker)
    return try answer(VendorAnswer(name, version: done.value.version, body.details), isRepeat: done.isRepeat)
  }

  // MARK: Purchase orders

  @Sendable private func purchaseOrders(_ request: Request, _ context: Caller) async throws -> Response {
    let page = try await desk.purchaseOrders(after: try request.after, context.asker)
    return try answer(
      PurchaseOrdersAnswer(
        purchaseOrders: page.orders.map { PurchaseOrderAnswer($0, desk.engine.catalogue) }, next: page.next))
  }

  private func act(
    _ act: PurchaseOrderChange.Act, _ version: UInt32, _ request: Request, _ context: Caller
  ) async throws -> Response {
    let change = PurchaseOrderChange(
      id: try request.changeID, order: try context.pathID, version: version, act: act)
    let done = try await desk.change(change, context.asker)
    return try answer(PurchaseOrderAnswer(done.value, desk.engine.catalogue), isRepeat: done.isRepeat)
  }

  private func answer(_ order: PurchaseOrder) throws -> Response {
    try PinBackOffice.answer(PurchaseOrderAnswer(order, desk.engine.catalogue))
  }

  private func answer(_ value: some Encodable, isRepeat: Bool = false) throws -> Response {
    try PinBackOffice.answer(value, isRepeat: isRepeat)
  }
}

extension Request {
  /// Where a page goes on.
  var after: RequestID {
    get throws {
      let after = uri.queryParameters["after"].map { RequestID(String($0)) } ?? .zero
      guard let after else { throw Problem.invalid("after") }
      return after
    }
  }
}
