import LMDB
import PinBytes
import PinStore
import PinWords

/// The laws, as a machine: it decides each command against the state and applies the events that come of it.
///
/// Deciding (`Operations/`) reads and never writes; applying (`apply…`) never fails but for lack of space. Both are pure
/// functions of the state, the command and the moment. The store runs it on one thread, the writer, and knows nothing of
/// cards; this type knows nothing of files, clocks and threads.
///
/// What is small and hot is held in memory and written to the tables at a checkpoint (`flush`): the catalogue, the stock
/// levels, how far cards are handed out of a piece of stock, the shifts, the counters.
package struct Machine: ~Copyable {
  let tables: Tables
  let limits: Limits
  var counters = Counters()
  /// By number, from 1.
  var products: [Product] = []
  var productIDs: [String: ProductID] = [:]
  var levels: [StockLevel] = []
  /// By the product's number, from 1: what the stock table is behind on. Such a product's level has changed, too.
  var fronts: [FrontPiece?] = []
  /// By the product's number, from 1: whether its stock fell below its threshold, and has not risen above it since.
  var isLow: [Bool] = []
  /// By number, from 1.
  var vendors: [String] = []
  /// By number, from 1; their extents rise with them.
  var lots: [LotRecord] = []
  /// By number, from 1.
  var actors: [ActorRecord] = []
  /// By the actor's number, from 0, the store's own; those who never sold may be missing.
  var shifts: [Shift] = []
  /// By the actor's number, from 1.
  var takings: [Takings] = []
  /// What was approved and not done yet.
  var approvals: [RequestID: ApprovalRecord] = [:]
  var credentials = CredentialTable()
  /// Those that serving threads have otherwise.
  var changedCredentials: [RequestID] = []

  /// What is to be written at the next checkpoint.
  var changedLevels = Marks()
  /// Whose shift or takings.
  var changedShifts = Marks()
  var haveCountersChanged = false

  /// Where the machine publishes and answers; none while it only replays.
  var context: EngineContext?
  /// What serving threads see has changed in this batch.
  var hasCatalogueChanged = false

  // Buffers that are kept so that a decision does not allocate.
  var picks: [Pick] = []
  var moves: [Move] = []
  /// In how many pieces the stock change being decided leaves the ids whose cards it takes out of the middle.
  var piecesOfSplitIDs: [RequestID: Int] = [:]
  /// Whether that is too many for one of them.
  var splitsTooMuch = false
  /// How many extents it has looked at.
  var walkedCount = 0
  /// Where the quarantine after a restore goes on: no card before it is held.
  var nextToQuarantine = CardID(0)
  var record = ByteWriter(capacity: 1024)
  /// Products whose stock crossed its threshold while the present event was applied, maybe to and fro.
  var crossings: [ProductID] = []

  /// A machine that knows nothing yet.
  init(_ tables: Tables) {
    self.tables = tables
    limits = Limits()
  }

  // MARK: Facts

  func lot(_ id: LotID) -> LotRecord { lots[Int(id.rawValue) - 1] }

  /// What the cards of a lot are, read where it is: a lot is dear to copy.
  func goods(of lot: LotID) -> (product: ProductID, expiry: Day) {
    let place = Int(lot.rawValue) - 1
    return (lots[place].product, lots[place].expiry)
  }

  /// The lot whose ids include a card's, or nil for an id that was never given.
  func lot(of card: CardID) -> LotRecord? {
    guard card.rawValue >= 1, card < counters.nextCard else { return nil }
    var low = 0
    var high = lots.count
    while low < high {
      let middle = (low + high) / 2
      if lots[middle].extent.end <= card { low = middle + 1 } else { high = middle }
    }
    return low < lots.count ? lots[low] : nil
  }

  func product(_ id: ProductID) -> Product? {
    let index = Int(id.rawValue) - 1
    return products.indices.contains(index) ? products[index] : nil
  }

  func actor(_ id: ActorID) -> ActorDescription? {
    let index = Int(id.rawValue) - 1
    return actors.indices.contains(index) ? actors[index].description : nil
  }

  mutating func changeLevel(of product: ProductID, _ change: (inout StockLevel) -> Void) {
    change(&levels[Int(product.rawValue) - 1])
    changedLevels.mark(product.rawValue)
    if hasCrossed(product) { crossings.append(product) }
  }
}

extension Machine: StateMachine {
  package typealias Request = Submission
  package typealias Answer = Answered
  package typealias Context = EngineContext

  package static var tables: [Table.Spec] { Tables.specs }
  package static var digestedTables: [Int] { Tables.digested }
  package static var payloadTables: [Table.Spec] { CardTables.specs }

  package mutating func attach(_ context: EngineContext, state: inout WriteTransaction) throws {
    self.context = context
    publishCredentials()
    try publishCatalogue()
  }

  package mutating func perform(
    _ requests: ArraySlice<Submission>, at moment: Moment, into block: inout Block, state: inout WriteTransaction,
    answers: inout [Answered]
  ) throws(LMDBError) {
    let requests = requests.span
    for index in requests.indices where !block.isFull {
      answers.append(
        Answered(
          submission: requests[index], reply: try decide(requests[index], at: moment, into: &block, state: &state),
          timeMilliseconds: moment.timeMilliseconds))
    }
  }

  package mutating func replay(
    _ event: RawSpan, sequence: UInt64, timeMilliseconds: UInt64, state: inout WriteTransaction
  ) throws {
    _ = try EventHead(event)
    try apply(event, sequence: sequence, timeMilliseconds: timeMilliseconds, state: &state)
  }

  package mutating func publish() {
    publishCredentials()
    guard hasCatalogueChanged else { return }
    hasCatalogueChanged = false
    do {
      try publishCatalogue()
    } catch {
      // The keys were wrapped by this very process moments ago.
      preconditionFailure("a key that was just wrapped does not open")
    }
  }

  package mutating func deliver(_ answers: inout [Answered]) { context?.answer(&answers) }

  package mutating func abandon(_ answers: inout [Answered]) { context?.answer(&answers) }

  package mutating func recovered(
    payload: Payload, state: inout WriteTransaction, into block: inout Block
  ) throws {
    guard let context else { return }
    if counters.loadingPurchase.rawValue != 0, let purchase = try purchase(counters.loadingPurchase, state) {
      _ = try abandon(purchase, by: .store, block.timeMilliseconds, &block, &state)
    }
    let ranges = try idsToSweep(state)
    // Removed when the event above is on disk: a purge is an event first.
    context.idsToSweep.withLock { $0 = ranges }
    let unnamed = try unnamedDocuments(payload, state)
    context.unnamedDocuments.withLock { $0 = unnamed }
  }

  package func turnAway(_ request: borrowing Submission, because refusal: StoreRefusal) -> Answered {
    let refusal: Refusal =
      switch refusal {
      case .storageFull: .storageFull
      case .stopped, .outcomeUnknown: .stopping
      }
    return Answered(submission: request, reply: Reply(.refused(refusal)), timeMilliseconds: 0)
  }
}
