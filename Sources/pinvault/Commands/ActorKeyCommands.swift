import ArgumentParser
import PinClient
import PinWords

extension ActorCommand {
  struct RotateKey: ApprovableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rotate-key",
      abstract: "Give an actor a new key beside its present one, which goes on working until it ends.",
      discussion: """
        Bring the new key to each of its terminals, then end the old one. There are at most two.

        Example:
          pinvault actor rotate-key till-7 --new-key-file till-7-second.key --old-key-ends-in 7d
        """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var keyFile: NewKeyFileOptions
    @Option(help: ArgumentHelp("How long the old key works. (default: until end-old-key)", valueName: "time"))
    var oldKeyEndsIn: SecondsArgument?
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let path = try keyFile.path(for: name)
      try await server.withClient { client in
        let define = try await define(change.id(client), client)
        let old = define.actor.oldKey?.text ?? ""
        try await withSecondPerson(define.id) {
          try await output.define(define, by: client, keyFile: path, done: "has a new key, and its old one \(old)")
        }
      }
    }

    func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
      .defineActor(try await define(id, client))
    }

    private func define(_ id: RequestID, _ client: PinClient) async throws -> DefineActor {
      let old = OldKey(endsAtMilliseconds: oldKeyEndsIn?.fromNow ?? 0)
      return DefineActor(
        id: id, actor: try await client.actor(named: name).with(old),
        keyChange: .rotate(oldKeyEndsAtMilliseconds: old.endsAtMilliseconds))
    }
  }

  struct EndOldKey: ApprovableCommand {
    static let configuration = CommandConfiguration(
      commandName: "end-old-key",
      abstract: "End the key that an actor had before its present one: at once, or some time from now.",
      discussion: """
        Example:
          pinvault actor end-old-key till-7
        """)

    @Argument(help: "Its name.") var name: String
    @Option(name: .customLong("in"), help: ArgumentHelp("How long from now. (default: at once)", valueName: "time"))
    var time: SecondsArgument?
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let define = try await define(change.id(client), client)
        let old = define.actor.oldKey
        try await withSecondPerson(define.id) {
          try await output.define(
            define, by: client, keyFile: nil,
            done: old.map { "has an old key that \($0.text)" } ?? "has no old key any more")
        }
      }
    }

    func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
      .defineActor(try await define(id, client))
    }

    private func define(_ id: RequestID, _ client: PinClient) async throws -> DefineActor {
      let actor = try await client.actor(named: name)
      guard actor.oldKey != nil else { throw Fault(.refused, "\(name) has no old key that works") }
      let old = time.map { OldKey(endsAtMilliseconds: $0.fromNow) }
      return DefineActor(
        id: id, actor: actor.with(old), keyChange: .endOldKey(atMilliseconds: old?.endsAtMilliseconds ?? 0))
    }
  }

  struct RenewKey: ApprovableCommand {
    static let configuration = CommandConfiguration(
      commandName: "renew-key",
      abstract: "Give an actor a new key: all before it end at once.",
      discussion: """
        Example:
          pinvault actor renew-key till-7 --new-key-file till-7-second.key
        """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var keyFile: NewKeyFileOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let path = try keyFile.path(for: name)
      try await server.withClient { client in
        let define = try await define(change.id(client), client)
        try await withSecondPerson(define.id) {
          try await output.define(define, by: client, keyFile: path, done: "has a new key")
        }
      }
    }

    func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
      .defineActor(try await define(id, client))
    }

    private func define(_ id: RequestID, _ client: PinClient) async throws -> DefineActor {
      DefineActor(id: id, actor: try await client.actor(named: name).with(nil), keyChange: .renew)
    }
  }
}

extension ActorDescription {
  /// The same as it is told after a change of its keys.
  fileprivate func with(_ oldKey: OldKey?) -> ActorDescription {
    var changed = self
    changed.oldKey = oldKey
    return changed
  }
}

extension SecondsArgument {
  /// So long from now, in milliseconds since 1970 UTC.
  fileprivate var fromNow: UInt64 { SystemTime.milliseconds + UInt64(seconds) * 1000 }
}
