import PinWords

/// Passwords and tokens that were not ended, by their ids and by whose they are.
///
/// The machine has one, and the serving threads have another, which follows it credential by credential: what one costs does
/// not depend on how many there are.
struct CredentialTable: Sendable {
  private(set) var all: [RequestID: Credential] = [:]
  private var ids: [ActorID: Set<RequestID>] = [:]

  subscript(id: RequestID) -> Credential? {
    get { all[id] }
    set {
      if let old = all[id] { ids[old.actor]?.remove(id) }
      if let newValue { ids[newValue.actor, default: []].insert(id) }
      all[id] = newValue
    }
  }

  /// An actor's, in the order of their ids: one password and so many tokens as an actor may have, at most.
  func of(_ actor: ActorID) -> [Credential] {
    (ids[actor] ?? []).sorted().compactMap { all[$0] }
  }

  func password(of actor: ActorID) -> Credential? { of(actor).first { $0.kind == .password } }
}
