import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinEngine

/// What can be wrong with a request, step by step in the order in which `protocol.md` has it checked, and who asks it.
///
/// A fault sets one part of the case. Two of one step, or of one part, cannot be told apart or cannot be wrong at once; every
/// other pair can, and is asked.
struct OrderOfChecks<Case: Sendable>: Sendable {
  struct Fault: Sendable {
    let told: String
    let part: PartialKeyPath<Case> & Sendable
    /// With these parts set, too, it would be another fault.
    let excluded: [PartialKeyPath<Case> & Sendable]
    let set: @Sendable (inout Case) -> Void

    init<Value: Sendable>(
      _ told: String, _ part: WritableKeyPath<Case, Value> & Sendable, _ value: Value,
      not excluded: [PartialKeyPath<Case> & Sendable] = []
    ) {
      self.told = told
      self.part = part
      self.excluded = excluded
      set = { $0[keyPath: part] = value }
    }

    func canBe(with other: Fault) -> Bool {
      part != other.part && !excluded.contains { $0 == other.part } && !other.excluded.contains { $0 == part }
    }
  }

  let steps: [[Fault]]
  /// Asks it on a store on which nobody else asks, and tells the outcome as `spell` does.
  let ask: @Sendable (World, Case) async throws -> String

  /// - Returns: how many pairs were asked.
  func prove(_ sound: Case, _ world: World) async throws -> Int {
    let allowed = try await ask(world, sound)
    #expect(allowed == "allowed", "with nothing wrong")
    var count = 0
    for (index, step) in steps.enumerated() {
      for first in step {
        var wrong = sound
        first.set(&wrong)
        let alone = try await ask(world, wrong)
        #expect(alone == first.told, "alone")
        for second in steps[(index + 1)...].joined() where first.canBe(with: second) {
          var both = wrong
          second.set(&both)
          let told = try await ask(world, both)
          #expect(told == first.told, "and \(second.told)")
          count += 1
        }
      }
    }
    return count
  }
}

/// A store whose disk can be full from one moment to the next.
struct World: Sendable {
  let bench: Bench
  private let fullness: Fullness

  private final class Fullness: Sendable { let isFull = Mutex(false) }

  init() throws {
    let fullness = Fullness()
    self.fullness = fullness
    var settings = StoreSettings.small
    settings.systemCalls = SystemCalls(
      write: SystemCalls.real.write, syncData: SystemCalls.real.syncData,
      freeBytes: { fullness.isFull.withLock { $0 } ? 0 : SystemCalls.real.freeBytes($0) })
    bench = try Bench(settings: settings)
  }

  /// A name, or what a serial number begins with, that nothing has yet.
  func newName() -> String { "N\(bench.id().low)-" }

  func ask(_ command: Command, as actor: ActorID, hasRoom: Bool = true) async throws -> String {
    if !hasRoom { try turn(isFull: true) }
    let answered = await bench.engine.perform(command, as: actor)
    if !hasRoom { try turn(isFull: false) }
    return answered.isRepeat ? "again" : answered.outcome.refusal.map(Self.spell) ?? "allowed"
  }

  private func turn(isFull: Bool) throws {
    fullness.isFull.withLock { $0 = isFull }
    try bench.restart()
  }

  /// Asks for what prepares a case, which must be done.
  func prepare(_ command: Command, as actor: ActorID) async throws {
    let told = try await ask(command, as: actor)
    guard told == "allowed" else { throw Unexpected(what: "\(command): \(told)") }
  }

  func define(_ actor: ActorID, _ name: String, _ roles: Roles, _ limits: ActorLimits = ActorLimits()) async throws {
    let description = ActorDescription(id: actor, name: name, roles: roles, limits: limits)
    let define = DefineActor(id: bench.id(), actor: description, keyChange: .keep)
    guard case .actor = await bench.engine.define(define, as: bench.administrator).answered.outcome else {
      throw Unexpected(what: "actor")
    }
  }

  /// The status, and the field or the limit, by which two things that are wrong are told apart.
  private static func spell(_ refusal: Refusal) -> String {
    switch refusal {
    case .invalid(let field): "invalid \(field)"
    case .idReused(let field): "idReused \(field)"
    case .limitReached(let limit, _, _): "limitReached \(limit)"
    default: "\(refusal.parts.status)"
    }
  }
}
