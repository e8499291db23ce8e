import PinEngine
import PinWords

/// The catalogue: products, what they look like, and the vendors they come from.
extension OrderDesk {
  // MARK: Products

  /// Adds a product, or changes the one with this SKU.
  package func define(_ product: Product, id: RequestID, _ asker: Asker) async throws -> Done<Product> {
    var product = product
    let known = engine.catalogue.product(sku: product.sku)?.id
    product.id = known ?? ProductID(0)
    do {
      return try await defined(product, id, asker)
    } catch OrderFault.refused(.idReused(.product)) {
      // What is sent again was new when it came first.
      product.id = ProductID(0)
      return try await defined(product, id, asker)
    }
  }

  private func defined(_ product: Product, _ id: RequestID, _ asker: Asker) async throws -> Done<Product> {
    try await ask(.defineProduct(DefineProduct(id: id, product: product)), asker) { outcome in
      guard case .product(let number) = outcome else { return nil }
      return engine.catalogue.product(number)
    }
  }

  /// Withdraws a product from sale, or offers it again.
  package func setSale(
    _ isOffered: Bool, of product: ProductID, reason: String, id: RequestID, _ asker: Asker
  ) async throws -> Done<Product> {
    let stop = ProductStop(id: id, product: product, reason: reason)
    return try await ask(isOffered ? .thaw(stop) : .freeze(stop), asker) { outcome in
      if case .done = outcome { engine.catalogue.product(product) } else { nil }
    }
  }

  /// All products, for whoever sees the catalogue.
  package func products(_ asker: Asker) throws -> [Product] {
    guard engine.allows(asker.actor, .catalogue) else { throw OrderFault.refused(.notPermitted) }
    return engine.catalogue.products
  }

  package func level(of product: ProductID, _ asker: Asker) async throws -> StockLevel {
    try await ask(.stock(product), asker) { if case .stock(let levels) = $0 { levels.first } else { nil } }.value
  }

  // MARK: Call rates

  package func define(
    _ rates: [CountryRate], of product: ProductID, version: UInt32, id: RequestID, _ asker: Asker
  ) async throws -> Done<Sheet> {
    guard let sheet = RateSheet(rates) else { throw OrderFault.invalid("rates") }
    return try await keeping(sheet, id: id, asker, .defineSheet) { document in
      try await define(.rates, .product(product), version, document, id, asker)
    }
  }

  /// What calls cost with a product, and in which version that is said.
  package func rates(of product: ProductID, _ asker: Asker) async throws -> (version: UInt32, rates: [CountryRate]) {
    let (sheet, rates) = try await read(RateSheet.self, .rates, product.rawValue, asker)
    guard let rates else { throw OrderFault.purged }
    return (sheet.version, rates.rates)
  }

  // MARK: Pictures

  package func define(
    picture: Picture, of product: ProductID, version: UInt32, id: RequestID, _ asker: Asker
  ) async throws -> Done<Sheet> {
    return try await keeping(picture, id: id, asker, .defineSheet) { document in
      try await define(.picture, .product(product), version, document, id, asker)
    }
  }

  package func picture(of product: ProductID, _ asker: Asker) async throws -> Picture {
    guard let picture = try await read(Picture.self, .picture, product.rawValue, asker).1 else {
      throw OrderFault.purged
    }
    return picture
  }

  // MARK: Vendors

  package func define(
    _ details: VendorDetails, vendor: String, version: UInt32, id: RequestID, _ asker: Asker
  ) async throws -> Done<Sheet> {
    if let part = details.invalidPart { throw OrderFault.invalid(part) }
    return try await keeping(details, id: id, asker, .defineSheet) { document in
      try await define(.vendor, .vendor(vendor), version, document, id, asker)
    }
  }

  /// A vendor, and how it is reached. One that only an import named has no version yet; nil details were purged.
  package func vendor(_ name: String, _ asker: Asker) async throws -> (version: UInt32, VendorDetails?) {
    guard engine.allows(asker.actor, .findPurchaseOrder) else { throw OrderFault.refused(.notPermitted) }
    guard let index = engine.catalogue.vendors.firstIndex(of: name) else {
      throw OrderFault.orderRefused(.unknownSheet)
    }
    do {
      let (sheet, details) = try await read(VendorDetails.self, .vendor, UInt32(index) + 1, asker)
      return (sheet.version, details)
    } catch OrderFault.orderRefused(.unknownSheet) {
      return (0, nil)
    }
  }

  package func vendors(_ asker: Asker) throws -> [String] {
    guard engine.allows(asker.actor, .findPurchaseOrder) else { throw OrderFault.refused(.notPermitted) }
    return engine.catalogue.vendors
  }

  // MARK: Sheets

  func define(
    _ kind: SheetKind, _ subject: SheetChange.Subject, _ version: UInt32, _ document: DocumentName, _ id: RequestID,
    _ asker: Asker
  ) async throws -> Done<Sheet> {
    let change = SheetChange(id: id, kind: kind, subject: subject, version: version, document: document)
    return try await ask(.defineSheet(change), asker) { if case .sheet(let sheet) = $0 { sheet } else { nil } }
  }

  /// A sheet and what it says; nil once that is purged.
  private func read<Document: Decodable>(
    _ type: Document.Type, _ kind: SheetKind, _ number: UInt32, _ asker: Asker
  ) async throws -> (Sheet, Document?) {
    try await readAsPresent(\.document) {
      try await sheet(kind, number, asker)
    } read: {
      try read(type, $0.document)
    }
  }

  private func sheet(_ kind: SheetKind, _ number: UInt32, _ asker: Asker) async throws -> Sheet {
    try await ask(.sheet(kind, number: number), asker) { if case .sheet(let sheet) = $0 { sheet } else { nil } }.value
  }
}
