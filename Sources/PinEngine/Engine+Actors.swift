import Glibc
import PinBytes
import PinSealing
import PinStore
import PinWords

/// Making a store, and naming who may ask.
extension Engine {
  /// Makes a data directory with its first administrator, and hands back that actor's key: it is shown this once.
  ///
  /// Throws `KeyringError` or `StoreError` if there is something there already.
  package static func create(
    at directory: String, masterKey: SecretKey, administrator name: String, settings: StoreSettings = StoreSettings(),
    clock: any StoreClock = SystemClock()
  ) throws -> SecretKey {
    precondition(name.isActorName, "check the administrator's name first")
    let storeID = UInt128.random(in: 1 ... .max)
    guard mkdir(directory, 0o700) == 0 || errno == EEXIST else {
      throw StoreError.system(operation: "make directory", path: directory, code: errno)
    }
    let keyring = try Keyring.create(in: directory, storeID: storeID, master: masterKey)
    let (key, record) = KeyRecord.new(.actor, under: keyring.storeKey)
    let administrator = ActorRecord(
      description: ActorDescription(id: ActorID(1), name: name, roles: .administrator), key: record)
    let id = StoreID(bytes: RequestID(storeID).bytes)
    try Store<Machine>.create(at: directory, storeID: id, settings: settings, clock: clock) { block in
      Machine.writeStoreCreated(RequestID(storeID), into: &block)
      Machine.writeFirstActor(administrator, into: &block)
    }
    return key
  }

  /// Adds an actor, or changes one; the key is handed back when it is new, this once. What its passwords and tokens were
  /// checked against is purged when they end with it.
  package func define(
    _ define: DefineActor, as actor: ActorID, keyNumber: UInt64 = 0
  ) async -> (answered: Answered, key: SecretKey?) {
    let fresh = define.makesKey ? KeyRecord.new(.actor, under: keyring.storeKey) : nil
    let command = Command.internalCommand(InternalCommand(.defineActor(define, key: fresh?.record)))
    let answered = await performReplacing(command, id: define.id, as: actor, keyNumber: keyNumber)
    guard case .actor = answered.outcome, !answered.isRepeat else { return (answered, nil) }
    return (answered, fresh?.key)
  }
}

extension Engine {
  /// Has the journal tell of proofs under an actor's name that were wrong. Whoever counts them bounds how often: it is no
  /// stranger's to fill the journal. With no room for changes nothing is told.
  package func noteFailedProofs(_ failed: JournalFacts.FailedProofs) async {
    _ = await perform(.internalCommand(InternalCommand(.noteFailedProofs(failed))), as: .store)
  }
}

extension RequestID {
  init(_ number: UInt128) {
    self.init(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
  }

  /// 16 bytes, big-endian.
  var bytes: [UInt8] { withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) } }
}

extension Machine {
  /// The event of the first administrator, who nobody could have named.
  static func writeFirstActor(_ actor: ActorRecord, into block: inout Block) {
    let define = DefineActor(
      id: RequestID(high: 0, low: 1), actor: actor.description)
    var result = ByteWriter(capacity: 16)
    result.write(actor.description.id.rawValue)
    beginChange(.actorDefined, define.id, define.fields, result: result, by: .store, &block)
    actor.write(to: &block.writer)
    _ = block.endEvent()
  }
}
