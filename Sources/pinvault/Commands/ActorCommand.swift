import ArgumentParser
import PinClient
import PinProtocol
import PinWords

struct ActorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "actor",
    abstract: "Say who may ask, how much, and with which key: add, list, change, limit or revoke actors.",
    discussion: """
      Roles: \(Roles.named.map(\.name).joined(separator: ", ")).

      Example:
        pinvault actor add till-7 --role terminal --new-key-file till-7.key
      """,
    subcommands: [
      Add.self, List.self, Show.self, Change.self, Limit.self, Revoke.self, RotateKey.self, EndOldKey.self,
      RenewKey.self,
    ])

  struct Add: ApprovableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Add an actor; its key goes into a new file and is told only this once.",
      discussion: """
        Example:
          pinvault actor add till-7 --role terminal --new-key-file till-7.key
        """)

    @Argument(help: "Its name: 1 to 32 letters, digits, '-', '_' or '.'.") var name: String
    @OptionGroup var roles: RoleOptions
    @OptionGroup(title: "Limits") var limits: LimitOptions
    @OptionGroup var keyFile: NewKeyFileOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let path = try keyFile.path(for: name)
      try await server.withClient { client in
        let define = try await define(change.id(client), client)
        try await withSecondPerson(define.id) {
          try await output.define(define, by: client, keyFile: path, done: "added")
        }
      }
    }

    func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
      .defineActor(try await define(id, client))
    }

    private func define(_ id: RequestID, _ client: PinClient) async throws -> DefineActor {
      let limits = try await limits.changing(ActorLimits(), client)
      let actor = ActorDescription(id: ActorID(0), name: name, roles: try roles.roles(), limits: limits)
      return DefineActor(id: id, actor: actor)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the actors.",
      discussion: """
        Example:
          pinvault actor list
        """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let actors = try await client.actors().value
        try output.print(actors.map { ActorRecord($0, keyFile: nil) }) {
          var table = Table(["ACTOR", "NAME", "ROLES", "STATUS", "KEYS", "LIMITS"], numbers: [0, 4])
          for actor in actors {
            table.add([
              actor.id.description, actor.name, actor.roles.names.joined(separator: ", "),
              actor.isRevoked ? "revoked" : "active", actor.oldKey == nil ? "1" : "2",
              actor.limits.isEmpty ? "none" : "limited",
            ])
          }
          return table.text
        }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show an actor: its roles, keys and limits.",
      discussion: """
        Example:
          pinvault actor show till-7
        """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let actor = try await client.actor(named: name)
        let products = actor.limits.products.isEmpty ? [] : try await client.catalogue().value
        try output.print(ActorRecord(actor, keyFile: nil)) {
          fieldList(
            [
              ("actor", actor.id.description), ("name", actor.name),
              ("roles", actor.roles.names.joined(separator: ", ")), ("status", actor.isRevoked ? "revoked" : "active"),
              ("old key", actor.oldKey?.text),
            ] + actor.limits.fields(products))
        }
      }
    }
  }

  struct Change: ApprovableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Change an actor's roles: those given are all that it has; a revoked actor is let in again.",
      discussion: """
        Example:
          pinvault actor change till-7 --role terminal --role clerk
        """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var roles: RoleOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        let define = try await define(change.id(client), client)
        try await withSecondPerson(define.id) {
          try await output.define(define, by: client, keyFile: nil, done: "changed")
        }
      }
    }

    func request(_ id: RequestID, _ client: PinClient) async throws -> ApprovableRequest {
      .defineActor(try await define(id, client))
    }

    private func define(_ id: RequestID, _ client: PinClient) async throws -> DefineActor {
      var actor = try await client.actor(named: name)
      actor.roles = try roles.roles()
      actor.isRevoked = false
      return DefineActor(id: id, actor: actor)
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Revoke an actor: it is not let in any more.",
      discussion: """
        Example:
          pinvault actor revoke till-7
        """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var change: ChangeOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      try await server.withClient { client in
        var actor = try await client.actor(named: name)
        actor.isRevoked = true
        let define = DefineActor(id: change.id(client), actor: actor)
        try await output.define(define, by: client, keyFile: nil, done: "revoked")
      }
    }
  }
}

/// What an actor is allowed to be.
struct RoleOptions: ParsableArguments {
  @Option(
    name: .customLong("role"),
    help: ArgumentHelp("A role, or several with commas; may be given often.", valueName: "role"))
  var names: [String]

  func validate() throws {
    if names.isEmpty { throw ValidationError("Give at least one --role.") }
  }

  func roles() throws(Fault) -> Roles {
    var roles = Roles()
    for name in names.flatMap({ $0.split(separator: ",").map(String.init) }) {
      guard let role = Roles(name: name) else {
        throw Fault(.usage, "--role '\(name)': the roles are \(Roles.named.map(\.name).joined(separator: ", "))")
      }
      roles.formUnion(role)
    }
    return roles
  }
}

/// Where a new key goes.
struct NewKeyFileOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Where its key goes: a new file. (default: NAME.key)", valueName: "file"))
  var newKeyFile: String?

  /// Refuses a file that is there already before anything is asked of the server.
  func path(for name: String) throws(Fault) -> String {
    let path = newKeyFile ?? "\(name).key"
    if Files.exists(path) { throw Fault(.cannotCreate, "\(path): already exists; a key file is never overwritten") }
    return path
  }
}

extension PinClient {
  func actor(named name: String) async throws -> ActorDescription {
    guard let actor = try await actors().value.first(where: { $0.name == name }) else {
      throw Fault(.refused, "there is no actor '\(name)'; see 'pinvault actor list'")
    }
    return actor
  }
}

extension OutputOptions {
  func define(_ define: DefineActor, by client: PinClient, keyFile: String?, done: String) async throws {
    let answer = try await client.defineActor(define).value
    var actor = define.actor
    actor.id = answer.actor
    if let keyFile {
      let renew = "give it a new one with 'pinvault actor renew-key \(actor.name)'"
      guard let key = answer.key else {
        throw Fault(.refused, "\(actor.name): its key was told before, and is told only once; \(renew)")
      }
      do throws(ActorKeyError) { try ActorKey(key).write(toNewFile: keyFile) } catch {
        throw Fault(.cannotCreate, "\(error); \(actor.name) is there, but its key is lost: \(renew)")
      }
    }
    try print(ActorRecord(actor, keyFile: keyFile)) {
      "\(actor.name) \(done)" + (keyFile.map { "; its key is in \($0)" } ?? "")
    }
  }
}

extension OldKey {
  /// How long it works, for people.
  var text: String {
    "works until "
      + (endsAtMilliseconds == 0 ? "it is ended ('pinvault actor end-old-key')" : Times.text(endsAtMilliseconds))
  }
}

/// An actor for machines.
private struct ActorRecord: Encodable {
  struct Key: Encodable {
    /// Null for not by itself.
    var endsAt: String?
  }
  var actor: ActorID
  var name: String
  var roles: [String]
  var isRevoked: Bool
  var keyFile: String?
  /// The key before the present one, while it works.
  var oldKey: Key?
  var limits: LimitsRecord

  init(_ actor: ActorDescription, keyFile: String?) {
    self.actor = actor.id
    name = actor.name
    roles = actor.roles.names
    isRevoked = actor.isRevoked
    self.keyFile = keyFile
    oldKey = actor.oldKey.map { key in
      Key(endsAt: key.endsAtMilliseconds == 0 ? nil : Times.stamp(key.endsAtMilliseconds))
    }
    limits = LimitsRecord(actor.limits)
  }
}
