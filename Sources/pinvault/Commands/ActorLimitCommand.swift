import ArgumentParser
import PinClient
import PinWords

extension ActorCommand {
  struct Limit: ApprovableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Limit what an actor may do; what is not given stays, and 0 limits nothing.",
      discussion: """
        Minutes and days are those of UTC. Cards and their price count when they are taken, and no longer when a hold ends \
        unsold; reprints are cards whose PINs are told again, or that another actor sold.

        Example:
          pinvault actor limit till-7 --cards-per-minute 20 --value-per-day 5000.00 --currency USD --product ACME-10USD
        """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var limits: LimitOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let define = try await define(change.id(client), client)
        try await withSecondPerson(define.id) {
          try await output.define(define, by: client, keyFile: nil, done: "is limited as given")
        }
      }
    }

    func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
      .defineActor(try await define(id, client))
    }

    private func define(_ id: RequestID, _ client: PinClient) async throws -> DefineActor {
      var actor = try await client.actor(named: name)
      actor.limits = try await limits.changing(actor.limits, client)
      return DefineActor(id: id, actor: actor)
    }
  }
}

/// How much an actor may do.
struct LimitOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Requests of any kind, over all its connections.", valueName: "count"))
  var requestsPerSecond: UInt32?
  @Option(help: ArgumentHelp("Cards it may take.", valueName: "count")) var cardsPerMinute: UInt32?
  @Option(help: ArgumentHelp("Cards it may take.", valueName: "count")) var cardsPerDay: UInt32?
  @Option(help: ArgumentHelp("Price of the cards it may take.", valueName: "amount")) var valuePerMinute: String?
  @Option(help: ArgumentHelp("Price of the cards it may take.", valueName: "amount")) var valuePerDay: String?
  @Option(help: ArgumentHelp("The values' currency; nothing in another is sold then.", valueName: "code"))
  var currency: Currency?
  @Option(help: ArgumentHelp("Cards it may be told again.", valueName: "count")) var reprintsPerMinute: UInt32?
  @Option(help: ArgumentHelp("Cards it may be told again.", valueName: "count")) var reprintsPerDay: UInt32?
  @Option(name: .customLong("product"), help: ArgumentHelp("Sell this alone; may be given often.", valueName: "sku"))
  var products: [String] = []
  @Flag(help: "Sell every product.") var allProducts = false

  func validate() throws {
    if allProducts, !products.isEmpty { throw ValidationError("Give --product or --all-products, not both.") }
  }

  /// The limits with what was given.
  func changing(_ old: ActorLimits, _ client: PinClient) async throws -> ActorLimits {
    var limits = old
    if let requestsPerSecond { limits.requestsPerSecond = requestsPerSecond }
    if let cardsPerMinute { limits.minute.cards = cardsPerMinute }
    if let cardsPerDay { limits.day.cards = cardsPerDay }
    if let reprintsPerMinute { limits.minute.reprints = reprintsPerMinute }
    if let reprintsPerDay { limits.day.reprints = reprintsPerDay }
    try changeValues(&limits)
    if allProducts { limits.products = [] }
    if !products.isEmpty {
      let catalogue = try await client.catalogue().value
      limits.products = try Set(products).map { sku in
        guard let product = catalogue.first(where: { $0.sku == sku }) else {
          throw Fault(.refused, "there is no product '\(sku)'; see 'pinvault product list'")
        }
        return product.id
      }.sorted()
    }
    return limits
  }

  private func changeValues(_ limits: inout ActorLimits) throws(Fault) {
    if let currency, let old = limits.currency, currency != old {
      // What was said in one currency means nothing in another.
      limits.minute.valueMinor = 0
      limits.day.valueMinor = 0
    }
    let currency = currency ?? limits.currency
    func minor(_ text: String, _ option: String) throws(Fault) -> UInt64 {
      if text == "0" { return 0 }
      guard let currency else { throw Fault(.usage, "\(option): in which currency? give --currency CODE") }
      return try Money.parse(text, in: currency, option: option)
    }
    if let valuePerMinute { limits.minute.valueMinor = try minor(valuePerMinute, "--value-per-minute") }
    if let valuePerDay { limits.day.valueMinor = try minor(valuePerDay, "--value-per-day") }
    let hasValue = limits.minute.valueMinor > 0 || limits.day.valueMinor > 0
    if self.currency != nil, !hasValue {
      throw Fault(.usage, "--currency goes with --value-per-minute or --value-per-day")
    }
    limits.currency = hasValue ? currency : nil
  }
}

extension ActorLimits {
  /// For people; what is not limited is left out.
  func fields(_ catalogue: [Product]) -> [(name: String, value: String?)] {
    func count(_ number: UInt32) -> String? { number == 0 ? nil : String(number) }
    func value(_ minor: UInt64) -> String? {
      currency.flatMap { minor == 0 ? nil : Money.textWithCurrency(minor, in: $0) }
    }
    let names = products.map { id in catalogue.first { $0.id == id }?.sku ?? "product \(id)" }
    return [
      ("requests a second", count(requestsPerSecond)), ("cards a minute", count(minute.cards)),
      ("cards a day", count(day.cards)), ("value a minute", value(minute.valueMinor)),
      ("value a day", value(day.valueMinor)), ("reprints a minute", count(minute.reprints)),
      ("reprints a day", count(day.reprints)), ("sells", names.isEmpty ? nil : names.joined(separator: ", ")),
    ]
  }
}

/// Limits for machines; null is none.
struct LimitsRecord: Encodable {
  var requestsPerSecond: UInt32?
  var cardsPerMinute: UInt32?
  var cardsPerDay: UInt32?
  var valuePerMinuteMinor: UInt64?
  var valuePerDayMinor: UInt64?
  var currency: String?
  var reprintsPerMinute: UInt32?
  var reprintsPerDay: UInt32?
  /// Empty for all.
  var products: [ProductID]

  init(_ limits: ActorLimits) {
    func orNone<Number: FixedWidthInteger>(_ number: Number) -> Number? { number == 0 ? nil : number }
    requestsPerSecond = orNone(limits.requestsPerSecond)
    cardsPerMinute = orNone(limits.minute.cards)
    cardsPerDay = orNone(limits.day.cards)
    valuePerMinuteMinor = orNone(limits.minute.valueMinor)
    valuePerDayMinor = orNone(limits.day.valueMinor)
    currency = limits.currency?.description
    reprintsPerMinute = orNone(limits.minute.reprints)
    reprintsPerDay = orNone(limits.day.reprints)
    products = limits.products
  }
}
