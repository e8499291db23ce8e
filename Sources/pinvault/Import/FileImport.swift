import PinClient
import PinProtocol
import PinWords
import VendorFiles

/// One file, one purchase: surveyed, begun, loaded, and then committed or abandoned.
struct FileImport {
  let path: String
  let order: ImportOrder
  let client: PinClient
  let limits: Limits
  let refusals: Refusals
  let progress: Progress
  /// Whether people are told the first of the refused rows.
  let tellsRefusals: Bool

  /// How often to begin again when a broken connection has swallowed which cards were refused.
  private static let attempts = 3

  /// Never throws: what went wrong is in the result.
  func run() async -> FileResult {
    let start = ContinuousClock.now
    do {
      return try await importFile(since: start)
    } catch {
      progress.clear()
      let fault = Self.fault(of: error)
      return refused(error: fault.message, survey: nil, status: fault.status, since: start)
    }
  }

  private static func fault(of error: any Error) -> Fault {
    // The commit has said its own: whatever else may have been done has not made stock.
    if case .unknownOutcome? = error as? ClientError {
      return Fault(.unavailable, "the connection to the server was lost; nothing was loaded: import it again")
    }
    return Fault(of: error) ?? Fault(.rotten, "\(error)")
  }

  private func importFile(since start: ContinuousClock.Instant) async throws -> FileResult {
    let spool = Spool(directory: Environment.value("TMPDIR") ?? "/var/tmp", cipher: SpoolSealing())
    let file = try VendorFile(path: path, spool: spool) { progress.show("read \($0 >> 20) MB") }
    let survey = try Survey(of: file, order: order, lotLimit: Int(limits.lotsPerPurchase), progress: progress)
    for column in survey.ignoredColumns { say("column '\(column)' is not known, and ignored") }
    for _ in 1..<Self.attempts {
      do {
        return try await load(file, survey, since: start)
      } catch is AnswersLost {
        say("the connection broke or the server was started again; beginning anew")
      }
    }
    do {
      return try await load(file, survey, since: start)
    } catch is AnswersLost {
      throw Fault(.unavailable, "the connection breaks again and again; import it again later")
    }
  }

  private func say(_ text: String) {
    progress.clear()
    StandardError.write(line: "pinvault: \(path): \(text)")
  }

  // MARK: The purchase

  private func load(
    _ file: VendorFile, _ survey: Survey, since start: ContinuousClock.Instant
  ) async throws -> FileResult {
    let loading = Loading(order: order, limits: limits, refusals: refusals, progress: progress)
    refusals.start()
    guard survey.cardCount > 0 else {
      try loading.list(file)
      return try finishRefused(survey, since: start)
    }
    let purchase = try await begin(survey)
    do {
      try await loading.load(file, survey, by: client.chunkLoader(for: purchase))
      guard refusals.count == 0 || order.skipsBad && refusals.count < survey.rowCount else {
        _ = try await client.abandonPurchase(purchase)
        return try finishRefused(survey, since: start)
      }
      try Task.checkCancellation()
    } catch {
      await giveUp(purchase)
      throw Self.isGone(error) ? AnswersLost() : error
    }
    return try await commit(purchase, survey, since: start)
  }

  /// Whether the server does not know the purchase any more: it was started again, which voids what was under way, or
  /// another import took this one for dead.
  private static func isGone(_ error: any Error) -> Bool {
    (error as? ClientError) == .refused(.unknownPurchase)
  }

  /// Tells the server not to wait for more; if it cannot be told, it gives the purchase up by itself.
  private func giveUp(_ purchase: PurchaseID) async {
    // Not in this task, which may be cancelled.
    await Task { [client] in _ = try? await client.abandonPurchase(purchase, timeLimit: .seconds(10)) }.value
  }

  /// Begins the purchase, waiting for another import to end.
  private func begin(_ survey: Survey) async throws -> PurchaseID {
    let begin = BeginPurchase(
      id: client.newID(), product: order.product.id, vendor: order.vendor, unitCostMinor: order.unitCostMinor,
      invoice: order.invoice, lots: survey.lots)
    let deadline = ContinuousClock.now + order.waitLimit
    var hasSaid = false
    while true {
      do throws(ClientError) {
        return try await client.beginPurchase(begin).value.purchase
      } catch {
        guard case .refused(.importRunning(let other)) = error else { throw error }
        guard ContinuousClock.now < deadline else { throw Fault(.importRunning(other)) }
        if !hasSaid {
          say("another import is under way (purchase \(other)), or was interrupted: waiting for it to end")
        }
        hasSaid = true
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  private func commit(
    _ purchase: PurchaseID, _ survey: Survey, since start: ContinuousClock.Instant
  ) async throws -> FileResult {
    progress.show("committing")
    let lots: [PurchaseAnswer.Lot]
    do throws(ClientError) {
      lots = try await client.commitPurchase(purchase).value.lots
    } catch {
      if Self.isGone(error) { throw AnswersLost() }
      guard case .unknownOutcome = error else { throw error }
      throw Fault(
        .unknownOutcome,
        "the answer to the commit of purchase \(purchase) did not come; import the file again: if it was "
          + "committed, every row is refused as a duplicate of purchase \(purchase)")
    }
    try finishRefusals()
    return FileResult(
      file: path, purchase: purchase, rows: survey.rowCount, accepted: survey.rowCount - refusals.count,
      refused: refusals.count, refusedRows: refusals.listed,
      report: refusals.count > 0 ? refusals.reportPath : nil, seconds: seconds(since: start),
      lots: lots.filter { $0.count > 0 }.map {
        FileResult.Lot(expires: $0.expiry.text, cards: $0.count, firstCard: $0.firstCard)
      })
  }

  // MARK: Refused

  private func finishRefused(_ survey: Survey, since start: ContinuousClock.Instant) throws -> FileResult {
    try finishRefusals()
    return refused(error: nil, survey: survey, status: .badInput, since: start)
  }

  private func finishRefusals() throws {
    progress.clear()
    try refusals.finish()
    if tellsRefusals, refusals.count > 0 { StandardError.write(line: refusals.text) }
  }

  private func refused(
    error: String?, survey: Survey?, status: ExitStatus, since start: ContinuousClock.Instant
  ) -> FileResult {
    FileResult(
      file: path, rows: survey?.rowCount ?? 0, accepted: 0, refused: refusals.count, error: error,
      refusedRows: refusals.listed, report: refusals.count > 0 ? refusals.reportPath : nil,
      seconds: seconds(since: start), lots: [], status: status)
  }

  private func seconds(since start: ContinuousClock.Instant) -> Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000
  }
}

/// Which cards of a chunk were refused is not known, or the purchase is gone: begin anew.
struct AnswersLost: Error {}
