// Start here. What a benchmark does to a server, as lean as a C client, so that the server is what is measured:
//
//   BenchmarkPlan          what to do
//   Benchmark              does it: warm-up, measured time, and what came of it
//   BenchmarkCards         the cards it sells: a card's PIN follows from its serial, so that each PIN that comes is checked
//   Load/                  a thread, its connections, and what each asks
//   Dialects/              how each kind of server is spoken to: this one, its peers, an echo
//   Floor/                 what this disk, LMDB and these sockets do at best
//   Measure/               what is counted and timed
//
// It knows the protocol and sockets; it starts no server and imports nothing.

import PinSealing

/// What is asked for, over and over.
package enum Shape: String, CaseIterable, Sendable, Codable {
  /// One card in one request.
  case vend
  /// One card held, then dispensed: a sale in two requests.
  case reserveDispense = "reserve-dispense"
  /// Several products held for a short time; one cart in five is paid for, the rest expire.
  case carts
  /// Held, then given up: of as many lines, and cards a line, as one likes.
  case hold
  /// Vends over many products, the first the most wanted: product k as often as 1/k.
  case zipf
  /// Vends until there is nothing left, and further.
  case sellOut = "sell-out"
  /// Eight vends, then a look at a sale and a reprint.
  case mix
  /// Each vend asked for twice under its id, as after a lost answer.
  case retries

  /// How many products it sells unless told otherwise.
  package var usualProductCount: Int {
    switch self {
    case .zipf: 100
    case .carts: 10
    default: 1
    }
  }

  /// How many lines its requests have unless told otherwise.
  package var usualLineCount: Int { self == .carts ? 3 : 1 }

  /// How so many cards are spread over its products: as they are wanted, and one at least.
  package func stock(_ cardCount: Int, over productCount: Int) -> [Int] {
    let weights = (1...productCount).map { self == .zipf ? 1 / Double($0) : 1 }
    let sum = weights.reduce(0, +)
    return weights.map { max(1, Int((Double(cardCount) * $0 / sum).rounded())) }
  }
}

/// One benchmark run.
package struct BenchmarkPlan: Sendable, Codable {
  package var shape = Shape.vend
  package var connectionCount = 16
  /// Requests that each connection keeps under way; with a rate, the most it may have.
  package var inFlight = 1
  /// Lines of a cart or a hold, each of another product as long as there are others.
  package var lineCount = 1
  /// Cards of each such line.
  package var cardsPerLine = 1
  /// Operations a second over all connections, begun when they are due whatever became of those before; nil for as fast
  /// as answers come.
  package var rate: Double?
  package var warmUpSeconds = 2.0
  package var seconds = 10.0
  /// Threads that share the connections.
  package var threadCount = 1

  package init() {}
}

/// Where the server is, what it is, and what it sells.
package struct BenchmarkTarget: Sendable {
  package var port: UInt16
  package var server: Server
  package var usesTLS: Bool
  /// The products to sell, the most wanted first.
  package var products: [UInt32]
  /// How many cards there are, over all products.
  package var cardCount: Int

  package init(port: UInt16, server: Server, usesTLS: Bool = false, products: [UInt32] = [1], cardCount: Int) {
    self.port = port
    self.server = server
    self.usesTLS = usesTLS
    self.products = products
    self.cardCount = cardCount
  }

  /// What listens there, and so how it is spoken to.
  package enum Server: Sendable {
    /// Who asks, and the key that proves it.
    case pinvault(actorName: String, key: SecretKey)
    /// Valkey or Redis, with the functions of `Scripts/peers`.
    case valkey
    /// PostgreSQL, with the tables and functions of `Scripts/peers`.
    case postgres
    /// An `EchoServer`.
    case echo(EchoSizes)
  }
}
