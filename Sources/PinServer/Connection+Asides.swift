import Foundation
import Logging
import PinEngine
import PinProtocol
import PinStore
import PinWords

/// Requests that are not the writer's alone: each runs as a task, and later ones of its connection wait for it.
extension Connection {
  func runAside(_ message: RequestMessage, _ slot: RequestSlot) {
    guard mayAsk(message.operation) else { return answerHere(slot, .refused(.notPermitted)) }
    let isPoll = if case .events(let query) = message { query.waitMilliseconds > 0 } else { false }
    if isPoll {
      guard loop.waitingPolls < loop.configuration.maximumWaitingPolls else {
        return answerHere(slot, .refused(.busy(retryAfterMilliseconds: 1000)))
      }
      loop.waitingPolls += 1
    }
    let operation = message.operation
    runsAside = true
    loop.asides += 1
    awaitedCount += 1
    let ticket = Ticket(connection: index, slot: slots.append(slot))
    let desk = AsideDesk(
      engine: loop.engine, limits: loop.limits, actor: sessionActor.id, keyNumber: sessionActor.keyNumber,
      meter: loop.meter, backupFolder: loop.configuration.backupFolder, logger: loop.logger)
    let loop = loop
    aside = Task {
      let answer = await desk.answer(message)
      loop.poll.execute {
        if isPoll { loop.waitingPolls -= 1 }
        if operation == .defineActor { loop.tellOthersOfActors() }
        loop.asideEnded(ticket, operation, answer)
      }
    }
  }
}

extension ServingLoop {
  fileprivate func asideEnded(_ ticket: Ticket, _ operation: PinWords.Operation, _ answer: ReadyAnswer) {
    var answer = answer
    asides -= 1
    if asides == 0 { whenAsidesEnded.take()?() }
    if let connection = connections[ticket.connection] {
      connection.runsAside = false
      connection.aside = nil
      // What the writer did is told. What was only looked up is not shown to an actor who may not see it any more.
      if case .outcome(.success) = answer, !connection.mayAsk(operation) {
        answer = .outcome(.failure(.notPermitted))
      }
    }
    deliver(ticket, answer)
  }

  /// An actor was changed: every loop closes connections that this ends, also where nothing else is going on.
  fileprivate func tellOthersOfActors() {
    for loop in meter.watched { loop.poll.execute { loop.refreshCatalogue() } }
  }
}

/// Answers asides, away from the event loop.
private struct AsideDesk: Sendable {
  let engine: Engine
  let limits: Limits
  let actor: ActorID
  let keyNumber: UInt64
  let meter: Meter
  let backupFolder: String?
  let logger: Logger

  func answer(_ message: RequestMessage) async -> ReadyAnswer {
    do {
      switch message {
      case .beginPurchase(let begin): return .answered(await engine.begin(begin, as: actor, keyNumber: keyNumber))
      case .commitPurchase(let purchase):
        return .answered(await engine.commit(purchase, as: actor, keyNumber: keyNumber))
      case .abandonPurchase(let purchase):
        return .answered(await engine.abandon(purchase, as: actor, keyNumber: keyNumber))
      case .defineActor(let define): return await answer(define)
      case .catalogue(let query):
        let products = engine.catalogue.products.lazy.filter { $0.id > query.after }
        return done(.catalogue(Page(fitting: products, limits: limits)))
      case .card(let query):
        let cards = try await engine.cards(
          serial: query.serial, vendor: query.vendor.isEmpty ? nil : query.vendor, as: actor)
        return .outcome(cards.map { .cards(Page(fitting: $0, limits: limits)) })
      case .events(let query): return try await answer(query)
      case .statistics: return try report(Statistics(await meter.read()))
      case .verify: return try await verify()
      case .backup(let backup):
        return try await answer(backup)
      default: preconditionFailure("only asides come here")
      }
    } catch {
      logger.error(
        "a request failed", metadata: ["operation": "\(message.operation.name)", "error": "\(error)"])
      let isOver = engine.failure != nil || (error as? StoreError) == .stopped
      return .outcome(.failure(isOver ? .stopping : .busy(retryAfterMilliseconds: 1000)))
    }
  }

  /// A backup that cannot be written is the path's fault, unless the store itself has failed; the log says why.
  private func answer(_ backup: Backup) async throws -> ReadyAnswer {
    guard allowsBackup(to: backup.path) else { return .outcome(.failure(.invalid(.path))) }
    do {
      return try report(try await blocking { [engine] in try engine.backup(to: backup.path) })
    } catch  where engine.failure == nil && (error as? StoreError) != .stopped {
      logger.error("a backup failed", metadata: ["path": "\(backup.path)", "error": "\(error)"])
      // A path that is there already, or cannot be, is the asker's to mend; room is not.
      return .outcome(.failure(error.isWantOfRoom ? .storageFull : .invalid(.path)))
    }
  }

  /// A verification that cannot be carried out lacks a disk that takes what it works on; the log says why. Asked for
  /// again and again it would fail again and again.
  private func verify() async throws -> ReadyAnswer {
    do {
      return try report(try await blocking { [engine] in try engine.verify() })
    } catch let error as StoreError where engine.failure == nil {
      switch error {
      case .alreadyRunning, .stopped: throw error
      default: break
      }
      logger.error("a verification failed", metadata: ["error": "\(error)"])
      return .outcome(.failure(.storageFull))
    }
  }

  /// Whether a path is inside a folder that backups may go to.
  private func allowsBackup(to path: String) -> Bool {
    guard path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return false }
    guard let folder = backupFolder else { return true }
    return path.hasPrefix(folder.hasSuffix("/") ? folder : folder + "/")
  }

  private func done(_ answer: Answer) -> ReadyAnswer { .outcome(.success(answer)) }

  private func answer(_ define: DefineActor) async -> ReadyAnswer {
    let (answered, key) = await engine.define(define, as: actor, keyNumber: keyNumber)
    guard case .actor(let id) = answered.outcome else { return .answered(answered) }
    let message = AnswerMessage(
      sequence: answered.sequence, timeMilliseconds: answered.timeMilliseconds, isRepeat: answered.isRepeat,
      outcome: .done(.actor(DefineActorAnswer(actor: id, key: key?.withBytes { Bytes32($0) }))))
    return .message(message)
  }

  /// As many events as fit, once there are any or the wait is over.
  private func answer(_ query: EventsQuery) async throws -> ReadyAnswer {
    if engine.headSequence < query.fromSequence, query.waitMilliseconds > 0 {
      await engine.waitForEvent(query.fromSequence, milliseconds: query.waitMilliseconds)
    }
    let head = engine.headSequence
    guard query.fromSequence <= head else { return done(.events(EventsAnswer(headSequence: head, events: []))) }
    let room = query.maximumBytes == 0 ? limits.frameBytes : min(query.maximumBytes, limits.frameBytes)
    var events: [EventsAnswer.Event] = []
    var left = Int(room)
    try engine.forEachEvent(from: query.fromSequence) { event, sequence, time in
      left -= event.byteCount
      events.append(EventsAnswer.Event(sequence: sequence, timeMilliseconds: time, bytes: Array(event)))
      return left > 0
    }
    return done(
      .events(EventsAnswer(headSequence: head, fitting: events, maximumBytes: query.maximumBytes, limits: limits)))
  }

  /// A report as JSON with its keys in order.
  private func report(_ value: some Encodable) throws -> ReadyAnswer {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return done(.report(Report(text: String(decoding: try encoder.encode(value), as: UTF8.self))))
  }

  /// Runs what blocks its thread for long on one that may be blocked.
  private func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
    }
  }
}

extension Error {
  /// Whether it was for want of room on a disk.
  fileprivate var isWantOfRoom: Bool {
    switch self as? StoreError {
    case .database(let error): error.isOutOfSpace
    case .system(_, _, let code): code == ENOSPC || code == EDQUOT
    default: false
    }
  }
}
