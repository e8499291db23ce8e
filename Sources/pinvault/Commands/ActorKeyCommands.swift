import ArgumentParser
import PinClient
import PinWords

extension ActorCommand {
  struct RotateKey: AsyncParsableCommand {
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
        let actor = try await client.actor(named: name)
        let old = OldKey(endsAtMilliseconds: oldKeyEndsIn?.fromNow ?? 0)
        let define = DefineActor(
          id: change.id(client), actor: actor.with(old),
          keyChange: .rotate(oldKeyEndsAtMilliseconds: old.endsAtMilliseconds))
        try await output.define(define, by: client, keyFile: path, done: "has a new key, and its old one \(old.text)")
      }
    }
  }

  struct EndOldKey: AsyncParsableCommand {
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
        let actor = try await client.actor(named: name)
        guard actor.oldKey != nil else { throw Fault(.refused, "\(name) has no old key that works") }
        let old = time.map { OldKey(endsAtMilliseconds: $0.fromNow) }
        let define = DefineActor(
          id: change.id(client), actor: actor.with(old),
          keyChange: .endOldKey(atMilliseconds: old?.endsAtMilliseconds ?? 0))
        try await output.define(
          define, by: client, keyFile: nil,
          done: old.map { "has an old key that \($0.text)" } ?? "has no old key any more")
      }
    }
  }

  struct RenewKey: AsyncParsableCommand {
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
        let actor = try await client.actor(named: name)
        let define = DefineActor(id: change.id(client), actor: actor.with(nil), keyChange: .renew)
        try await output.define(define, by: client, keyFile: path, done: "has a new key")
      }
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
