import PinClient
import PinProtocol
import PinWords
import VendorFiles

/// The second reading of a file: chunks go out, several at once, and refusals come back, in the order of the lines.
struct Loading {
  let order: ImportOrder
  let limits: Limits
  let refusals: Refusals
  let progress: Progress

  /// Lists what the reading alone refuses, when there is nothing to load.
  func list(_ file: VendorFile) throws {
    var reader = try file.reader(today: order.today)
    while let row = try reader.next() {
      if case .refused(let refused) = row { try refusals.add(refused) }
    }
  }

  func load(_ file: VendorFile, _ survey: Survey, by loader: ChunkLoader) async throws {
    var reader = try file.reader(today: order.today)
    var builder = ChunkBuilder(limits: limits)
    var sent = SentChunks(purchase: loader.purchase)
    progress.begin(rowCount: survey.rowCount)
    while let row = try reader.next() {
      switch row {
      case .refused(let refused): builder.note(refused)
      case .card(let line, let expires):
        let expiry = expires.map { Day($0) } ?? order.defaultExpiry
        let isAdded = reader.withCard { builder.add(line: line, expiry: expiry, serial: $0, pin: $1) }
        if isAdded { continue }
        try await send(&builder, &sent, loader)
        let fits = reader.withCard { builder.add(line: line, expiry: expiry, serial: $0, pin: $1) }
        precondition(fits, "an empty chunk holds any card")
      }
    }
    try await send(&builder, &sent, loader)
    for answer in try await loader.finish() { try sent.settle(answer, refusals) }
    precondition(sent.isEmpty, "every chunk that was sent is answered")
  }

  private func send(
    _ builder: inout ChunkBuilder, _ sent: inout SentChunks, _ loader: ChunkLoader
  ) async throws {
    try Task.checkCancellation()
    let chunk = builder.take()
    if chunk.cards.isEmpty {
      for refused in chunk.refused { try refusals.add(refused) }
      return
    }
    sent.append(chunk)
    for answer in try await loader.send(chunk.cards) { try sent.settle(answer, refusals) }
    progress.show(rows: chunk.cards.count + chunk.refused.count)
  }
}

/// Chunks that were sent and not answered, in their order.
private struct SentChunks {
  let purchase: PurchaseID
  private var chunks: [(number: UInt32, lines: [Int], refused: [RefusedRow])] = []
  private var next: UInt32 = 0

  init(purchase: PurchaseID) { self.purchase = purchase }

  var isEmpty: Bool { chunks.isEmpty }

  mutating func append(_ chunk: ChunkBuilder.Chunk) {
    chunks.append((next, chunk.lines, chunk.refused))
    next += 1
  }

  /// Notes what was refused of the chunk, by the file's reader and by the store, in the order of the lines.
  mutating func settle(_ answered: ChunkLoader.ChunkAnswer, _ refusals: Refusals) throws {
    guard let first = chunks.first, first.number == answered.chunk else {
      throw Fault(.rotten, "the server answered chunk \(answered.chunk) out of turn")
    }
    chunks.removeFirst()
    guard let answer = answered.answer else { throw AnswersLost() }
    var rows = first.refused
    for refusal in answer.refusals {
      guard first.lines.indices.contains(Int(refusal.index)) else {
        throw Fault(.rotten, "the server refused a card that was not sent")
      }
      let line = first.lines[Int(refusal.index)]
      rows.append(RefusedRow(line: line, lastLine: line, fault: try fault(refusal)))
    }
    if !answer.refusals.isEmpty { rows.sort { $0.line < $1.line } }
    for row in rows { try refusals.add(row) }
  }

  private func fault(_ refusal: LoadRefusal) throws -> RowFault {
    let isOurs = refusal.purchase == purchase
    switch refusal.reason {
    case .duplicatePIN:
      return isOurs ? .duplicateInFile : .duplicateOfEarlierLot(purchase: UInt64(refusal.purchase.rawValue))
    case .duplicateSerial:
      return isOurs
        ? .serialDuplicateInFile : .serialDuplicateOfEarlierLot(purchase: UInt64(refusal.purchase.rawValue))
    case .undeclared, .malformed:
      throw Fault(.rotten, "the server takes a card otherwise than this program; use the same version of both")
    }
  }
}
