import PinProtocol
import PinWords

extension PinClient {
  /// What became of an id.
  public func lookUp(_ id: RequestID, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<Found> {
    try await call(.lookUp(id), timeLimit: timeLimit).answered { answer in
      if case .found(let body) = answer { body } else { nil }
    }
  }

  /// How many cards of one product are where.
  public func stock(
    of product: ProductID, timeLimit: Duration? = nil
  ) async throws(ClientError) -> Answered<StockLevel> {
    let page = try await stockPage(StockQuery(product: product), timeLimit)
    guard let level = page.value.records.first else { throw .refused(.unknownProduct(product)) }
    return page.replacingValue(with: level)
  }

  /// How many cards of every product are where.
  ///
  /// The pages are asked for one after another: the answer's sequence is that of the last.
  public func stock(timeLimit: Duration? = nil) async throws(ClientError) -> Answered<[StockLevel]> {
    try await allPages(after: ProductID(0), key: \.product) { after throws(ClientError) in
      try await self.stockPage(StockQuery(after: after), timeLimit)
    }
  }

  /// Cards of this serial, each with its whole life; one for each vendor that has such a serial.
  public func card(_ query: CardQuery, timeLimit: Duration? = nil) async throws(ClientError) -> Answered<[CardLife]> {
    let page = try await call(.card(query), timeLimit: timeLimit).answered { answer in
      if case .cards(let body) = answer { body } else { nil }
    }
    return page.replacingValue(with: page.value.records)
  }

  /// Every product.
  public func catalogue(timeLimit: Duration? = nil) async throws(ClientError) -> Answered<[Product]> {
    try await allPages(after: ProductID(0), key: \.id) { after throws(ClientError) in
      try await self.call(.catalogue(CatalogueQuery(after: after)), timeLimit: timeLimit).answered { answer in
        if case .catalogue(let body) = answer { body } else { nil }
      }
    }
  }

  /// Every actor.
  public func actors(timeLimit: Duration? = nil) async throws(ClientError) -> Answered<[ActorDescription]> {
    try await allPages(after: ActorID(0), key: \.id) { after throws(ClientError) in
      try await self.call(.actors(ActorsQuery(after: after)), timeLimit: timeLimit).answered { answer in
        if case .actors(let body) = answer { body } else { nil }
      }
    }
  }

  /// Events of the journal from a sequence on (the first is 1), over a connection of their own, also those to come.
  ///
  /// It goes on after a broken connection where it was, until its task is cancelled, or there was no connection for the
  /// time limit.
  public func events(from sequence: UInt64, until end: EventStream.End = .never) -> EventStream {
    EventStream(sideLinks: sideLinks, timeLimit: configuration.timeLimit, from: sequence, until: end)
  }

  private func stockPage(
    _ query: StockQuery, _ timeLimit: Duration?
  ) async throws(ClientError) -> Answered<Page<StockLevel>> {
    try await call(.stock(query), timeLimit: timeLimit).answered { answer in
      if case .stock(let body) = answer { body } else { nil }
    }
  }
}

extension Answered {
  func replacingValue<Other: Sendable>(with other: Other) -> Answered<Other> {
    Answered<Other>(value: other, sequence: sequence, timeMilliseconds: timeMilliseconds, isRepeat: isRepeat)
  }
}

/// Asks for page after page, each after the last record's key, until there is no more.
private func allPages<Record, Key: Comparable & Sendable>(
  after first: Key, key: (Record) -> Key, ask: (Key) async throws(ClientError) -> Answered<Page<Record>>
) async throws(ClientError) -> Answered<[Record]> {
  var records: [Record] = []
  var after = first
  while true {
    let page = try await ask(after)
    records += page.value.records
    guard page.value.hasMore else { return page.replacingValue(with: records) }
    // A server that does not go on would keep us here for ever.
    guard let last = page.value.records.last.map(key), last > after else { throw .protocolFault(.invalid(.frame)) }
    after = last
  }
}
