import PinProtocol
import PinWords

extension PinClient {
  /// Starts an import; its chunks then go by `loadCards` or, faster, by `chunkLoader`.
  public func beginPurchase(
    _ begin: BeginPurchase, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<PurchaseAnswer> {
    try await call(.beginPurchase(begin), timeLimit: timeLimit).purchase()
  }

  /// Loads one chunk of a purchase, and waits for its answer: see `chunkLoader` for many.
  ///
  /// Refused with `outOfTurn` and a later chunk than this, it had been taken, and its answer was lost.
  public func loadCards(
    _ chunk: LoadCards, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<LoadCardsAnswer> {
    try await call(.loadCards(chunk), timeLimit: timeLimit).loaded()
  }

  /// A way to load many chunks, several of them under way at once.
  public func chunkLoader(
    for purchase: PurchaseID, chunksInFlight: Int = 64, timeLimit: Duration? = nil
  ) -> ChunkLoader {
    ChunkLoader(
      client: self, purchase: purchase, chunksInFlight: chunksInFlight,
      timeLimit: timeLimit ?? configuration.timeLimit)
  }

  /// Makes all loaded cards stock, at once.
  public func commitPurchase(
    _ purchase: PurchaseID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<PurchaseAnswer> {
    try await call(.commitPurchase(purchase), timeLimit: timeLimit).purchase()
  }

  /// Gives up an import: none of its cards is ever sold.
  public func abandonPurchase(
    _ purchase: PurchaseID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<Void> {
    try await call(.abandonPurchase(purchase), timeLimit: timeLimit).done()
  }

  /// Puts cards in quarantine or used stock back into regular stock.
  public func reinventory(
    _ change: StockChange, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<ChangedAnswer> {
    try await call(.reinventory(change), timeLimit: timeLimit).changed()
  }

  /// Books quarantined cards as delivered after all.
  public func settle(_ settle: Settle, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<ChangedAnswer>
  {
    try await call(.settle(settle), timeLimit: timeLimit).changed()
  }

  /// Takes cards out of stock for good.
  public func withdraw(
    _ change: StockChange, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<ChangedAnswer> {
    try await call(.withdraw(change), timeLimit: timeLimit).changed()
  }

  /// Stops the sale of a product.
  public func freeze(_ stop: ProductStop, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Void> {
    try await call(.freeze(stop), timeLimit: timeLimit).done()
  }

  /// Resumes the sale of a product.
  public func thaw(_ stop: ProductStop, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Void> {
    try await call(.thaw(stop), timeLimit: timeLimit).done()
  }

  /// Adds a product (id 0) or changes one; answers with its id.
  public func defineProduct(
    _ define: DefineProduct, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<ProductID> {
    try await call(.defineProduct(define), timeLimit: timeLimit).answered { answer in
      if case .product(let body) = answer { body.product } else { nil }
    }
  }
}

extension AnswerMessage {
  func loaded() throws(ClientError) -> Answered<LoadCardsAnswer> {
    try answered { answer in if case .loaded(let body) = answer { body } else { nil } }
  }

  fileprivate func purchase() throws(ClientError) -> Answered<PurchaseAnswer> {
    try answered { answer in if case .purchase(let body) = answer { body } else { nil } }
  }

  fileprivate func changed() throws(ClientError) -> Answered<ChangedAnswer> {
    try answered { answer in if case .changed(let body) = answer { body } else { nil } }
  }
}
