import Foundation
import Glibc
import PinBench
import PinClient
import PinProtocol
import PinSealing
import PinWords
import Synchronization

/// A store and its server: this program again, as processes of their own.
final class BenchRig: Sendable {
  /// Of the benchmark's own, beside the store or around it; gone at the end.
  let directory: String
  private let store: BenchStore
  /// Whether the store was there before, and stays.
  private let isGiven: Bool
  private let server: Mutex<BenchProcess>
  private let serve: [String]
  private let client: PinClient
  private let port: UInt16
  private let usesTLS: Bool
  private let seller: (actor: ActorDescription, key: SecretKey)
  private let stock: BenchStock

  private init(
    directory: String, store: BenchStore, isGiven: Bool, server: BenchProcess, serve: [String], client: PinClient,
    port: UInt16, usesTLS: Bool, seller: (actor: ActorDescription, key: SecretKey), stock: BenchStock
  ) {
    self.directory = directory
    self.store = store
    self.isGiven = isGiven
    self.server = Mutex(server)
    self.serve = serve
    self.client = client
    self.port = port
    self.usesTLS = usesTLS
    self.seller = seller
    self.stock = stock
  }

  /// Serves a store, one in a new directory unless it is given, and makes an actor that sells.
  static func start(in place: String, serving given: BenchStore?, tls: Bool) async throws -> BenchRig {
    var template = Array("\(place)/pinvault-bench-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw SystemFault(place) }
    let directory = try Files.absolute(String(cString: made))
    do {
      let store = given ?? BenchStore(path: "\(directory)/vault")
      if given == nil { try await BenchProcess.run(["init", "--data", store.path], in: directory) }
      var serve = ["serve", "--data", store.path, "--no-status", "--log-level", "warning"]
      serve += store.masterKey.flatMap { ["--master-key", $0] }
      if tls {
        try await makeCertificate(in: directory)
        serve += ["--certificate", "certificate.pem", "--certificate-key", "certificate-key.pem"]
      }
      // What a server that was killed has left, or one that serves the store this moment.
      let earlier = try AddressFile.read(in: store.path)
      let server = try BenchProcess(serve + ["--port", "0"], in: directory)
      do {
        let port = try await address(in: store.path, server, otherThan: earlier).port
        return try await connect(directory, store, isGiven: given != nil, server, serve, port: port, tls: tls)
      } catch {
        await server.stop()
        throw error
      }
    } catch {
      Files.removeTree(directory)
      throw error
    }
  }

  private static func connect(
    _ directory: String, _ store: BenchStore, isGiven: Bool, _ server: BenchProcess, _ serve: [String], port: UInt16,
    tls: Bool
  ) async throws -> BenchRig {
    var configuration = PinClient.Configuration(
      host: "127.0.0.1", port: port, actorName: store.administrator,
      key: try ActorKey(contentsOfFile: store.keyFile))
    configuration.tls = tls ? .rootsFile("\(directory)/certificate.pem") : .off
    let client = PinClient(configuration)
    do {
      return BenchRig(
        directory: directory, store: store, isGiven: isGiven, server: server, serve: serve, client: client, port: port,
        usesTLS: tls, seller: try await seller(client), stock: try await BenchStock(client))
    } catch {
      await client.close()
      throw error
    }
  }

  /// The actor that sells, with a new key; an earlier benchmark may have left it.
  private static func seller(_ client: PinClient) async throws -> (actor: ActorDescription, key: SecretKey) {
    var actor = ActorDescription(id: ActorID(0), name: "pinvault-bench", roles: [.terminal, .storefront])
    if let earlier = try await client.actors().value.first(where: { $0.name == actor.name }) { actor.id = earlier.id }
    let keyChange: KeyChange = actor.id.rawValue == 0 ? .keep : .renew
    let define = DefineActor(id: client.newID(), actor: actor, keyChange: keyChange)
    let defined = try await client.defineActor(define).value
    guard let key = defined.key?.bytes else { throw Fault(.rotten, "the server gave the seller no key") }
    actor.id = defined.actor
    return (actor, SecretKey(bytes: key.span.bytes))
  }

  private static func address(
    in data: String, _ server: BenchProcess, otherThan earlier: AddressFile? = nil, pollMilliseconds: Int = 50
  ) async throws -> AddressFile {
    let end = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < end {
      if let address = try AddressFile.read(in: data), address != earlier { return address }
      guard server.isRunning else { throw Fault(.unavailable, "the server did not start: \(server.lastWords)") }
      try await Task.sleep(for: .milliseconds(pollMilliseconds))
    }
    throw Fault(.unavailable, "the server took more than five minutes to start")
  }

  private static func makeCertificate(in directory: String) async throws {
    try await BenchProcess.run(
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", "certificate-key.pem",
        "-out", "certificate.pem",
      ], of: "openssl", in: directory)
  }

  // MARK: Stock

  /// Sees to it that so many cards are in stock, and says where and what to sell.
  func target(
    for plan: BenchmarkPlan, cards: Int, products count: Int?, progress: Progress
  ) async throws -> BenchmarkTarget {
    let count = min(count ?? plan.shape.usualProductCount, cards)
    let products = try await stock.products(count, client)
    for (product, share) in zip(products, plan.shape.stock(cards, over: count)) {
      let level = try await client.stock(of: product).value.regular
      try await stock.load(share - Int(clamping: level), of: product, client) { loaded in
        progress.show("loaded \(loaded) cards")
      }
    }
    return BenchmarkTarget(
      port: port, server: .pinvault(actorName: seller.actor.name, key: seller.key), usesTLS: usesTLS,
      products: products.map(\.rawValue), cardCount: await stock.cardCount)
  }

  // MARK: Readings and checks

  func reading() async throws -> BenchReading {
    var reading = try JSON.read(BenchReading.self, from: try await client.statistics().value)
    reading.fileBytes = Files.allocatedBytes(store.path)
    return reading
  }

  /// What of a run's outcome is wrong, by itself or against what the server says of its stock.
  func check(_ outcome: BenchmarkOutcome) async throws -> [String] {
    var problems = outcome.problems
    let levels = try await client.stock().value
    let (sold, again) = await stock.add(sold: outcome.sold)
    if again > 0 { problems.append("\(again) cards came that an earlier run had sold") }
    let delivered = levels.reduce(0) { $0 + Int(clamping: $1.delivered) } - stock.deliveredBefore
    if delivered != sold { problems.append("\(sold) cards came, and the server says that \(delivered) went out") }
    return problems
  }

  /// Whether the whole store is as it must be.
  func verify() async throws -> Bool {
    struct Verified: Decodable { var sound: Bool }
    return try JSON.read(Verified.self, from: try await client.verify().value).sound
  }

  // MARK: Starting again

  /// Kills the server, as if its machine had lost power at once but for what the system had buffered, and times its
  /// recovery; then stops it in good order, and times its start.
  func reopening() async throws -> BenchReopening {
    let data = store.path
    let (payload, state) = ("\(data)/payload", "\(data)/state")
    let journalBytes = Files.allocatedBytes("\(data)/journal")
    let afterKill = try await startAgain(after: SIGKILL)
    let afterStop = try await startAgain(after: SIGTERM)
    return BenchReopening(
      payloadBytes: Files.allocatedBytes(payload), stateBytes: Files.allocatedBytes(state), journalBytes: journalBytes,
      secondsAfterKill: afterKill, secondsAfterStop: afterStop)
  }

  /// How many seconds the server took until it served again.
  private func startAgain(after signal: CInt) async throws -> Double {
    await server.withLock { $0 }.stop(by: signal)
    AddressFile.remove(in: store.path)
    let start = ContinuousClock.now
    let next = try BenchProcess(serve + ["--port", "\(port)"], in: directory)
    server.withLock { $0 = next }
    _ = try await Self.address(in: store.path, next, pollMilliseconds: 1)
    return (ContinuousClock.now - start) / .seconds(1)
  }

  func end(keeping: Bool) async {
    if isGiven {
      var actor = seller.actor
      actor.isRevoked = true
      // After a run that failed, the server may be gone; nobody has the key any more.
      _ = try? await client.defineActor(DefineActor(id: client.newID(), actor: actor))
    }
    await client.close()
    await server.withLock { $0 }.stop()
    if !keeping { Files.removeTree(directory) }
  }
}

/// The products and cards that benchmarks have made in a store so far.
private actor BenchStock {
  private var products: [ProductID] = []
  private(set) var cardCount = 0
  private var sold = CardSet(count: 0)
  /// How many cards had gone out when this benchmark began.
  let deliveredBefore: Int

  /// What earlier benchmarks have left in it: their products are gone on with, and no card's number comes twice.
  init(_ client: PinClient) async throws {
    let levels = try await client.stock().value
    deliveredBefore = levels.reduce(0) { $0 + Int(clamping: $1.delivered) }
    let known = Dictionary(uniqueKeysWithValues: try await client.catalogue().value.map { ($0.sku, $0.id) })
    while let product = known[Self.sku(products.count)] { products.append(product) }
    let ours = Set(products)
    cardCount = levels.filter { ours.contains($0.product) }.reduce(0) { $0 + $1.cardCount }
  }

  private static func sku(_ number: Int) -> String { "PINVAULT-BENCH-\(number + 1)" }

  func products(_ count: Int, _ client: PinClient) async throws -> [ProductID] {
    guard let currency = Currency("USD") else { preconditionFailure("USD is a currency") }
    while products.count < count {
      let product = Product(
        id: ProductID(0), sku: Self.sku(products.count), name: "Bench \(products.count + 1)", vendor: "Bench",
        currency: currency, faceValueMinor: 1000, priceMinor: 950,
        instructions: "Dial *123# and enter the PIN.")
      products.append(try await client.defineProduct(DefineProduct(id: client.newID(), product: product)).value)
    }
    return Array(products.prefix(count))
  }

  /// Imports so many cards, in purchases of bounded size.
  func load(_ count: Int, of product: ProductID, _ client: PinClient, progress: (Int) -> Void) async throws {
    var left = count
    while left > 0 {
      let share = min(left, 4_000_000)
      let begin = BeginPurchase(
        id: client.newID(), product: product, lots: [DeclaredLot(expiry: .never, count: UInt32(share))])
      let purchase = try await client.beginPurchase(begin).value.purchase
      let loader = client.chunkLoader(for: purchase)
      let most = Int(try await client.connect().limits.cardsPerChunk)
      for start in stride(from: cardCount, to: cardCount + share, by: most) {
        let cards = (start..<min(start + most, cardCount + share)).map { number in
          LoadCards.Card(
            expiry: .never, serial: BenchmarkCards.serial(number), pin: PIN(BenchmarkCards.pin(number)))
        }
        _ = try await loader.send(cards)
        progress(start)
      }
      _ = try await loader.finish()
      _ = try await client.commitPurchase(purchase)
      cardCount += share
      left -= share
    }
  }

  /// Adds what a run sold; tells how many cards were sold in all, and how many of these had been before.
  func add(sold more: CardSet) -> (inAll: Int, again: Int) {
    let (all, inBoth) = sold.union(more)
    sold = all
    return (all.memberCount, inBoth)
  }
}

extension StockLevel {
  /// All the cards that ever came, wherever they are now.
  fileprivate var cardCount: Int { Int(clamping: regular + used + quarantined + reserved + delivered + void + loading) }
}
