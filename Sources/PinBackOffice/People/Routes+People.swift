import Hummingbird
import PinEngine
import PinOrders
import PinWords

/// Signing in and out, passwords and tokens.
struct PeopleRoutes: Sendable {
  let desk: OrderDesk
  let sessions: Sessions
  let guesses: Guesses

  func addOpen(to router: Router<Caller>) {
    router.post("/sign-in", use: signIn)
  }

  func add(to router: Router<Caller>) {
    router.post("/sign-out", use: signOut)
    router.get("/actors", use: actors)
    router.put("/actors/:name/password", use: setPassword)
    router.get("/tokens", use: tokens)
    router.post("/tokens", use: addToken)
    router.delete("/tokens/:id", use: endToken)
  }

  // MARK: Sessions

  @Sendable private func signIn(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(SignInBody.self, context)
    let credential = try await check(body.name, body.password, context)
    let now = desk.nowMilliseconds
    guard let token = sessions.open(credential, at: now) else {
      throw Problem("busy", .serviceUnavailable, "Too many are signed in.", retryAfterSeconds: 60)
    }
    let roles = desk.engine.catalogue.actor(credential.actor)?.description.roles ?? []
    return try answer(
      SessionAnswer(
        token: token, name: body.name, roles: roles.names, ends: rfc3339(now + Sessions.longestMilliseconds),
        idleSeconds: Sessions.idleMilliseconds / 1000))
  }

  /// The password's credential; who has it wrong waits.
  private func check(_ name: String, _ password: String, _ context: Caller) async throws -> Credential {
    try await guesses.oneAtATime(from: context.address) {
      guard let found = try await desk.credential(named: name, password: Password(password)) else {
        throw await guesses.turnAway(name: name, from: context.address, at: desk.nowMilliseconds)
      }
      return found
    }
  }

  @Sendable private func signOut(_ request: Request, _ context: Caller) async throws -> Response {
    if case .session(let token) = context.means { sessions.close(token) }
    return Response(status: .noContent)
  }

  // MARK: Passwords

  @Sendable private func actors(_ request: Request, _ context: Caller) async throws -> Response {
    guard desk.engine.allows(context.asker.actor, .actors) else { throw Problem(Refusal.notPermitted) }
    let catalogue = desk.engine.catalogue
    return try answer(
      catalogue.descriptions.map { actor in
        ActorAnswer(
          name: actor.name, roles: actor.roles.names, isRevoked: actor.isRevoked,
          hasPassword: desk.engine.password(of: actor.id) != nil)
      })
  }

  @Sendable private func setPassword(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(PasswordBody.self, context)
    let owner = try actor(named: context.parameters.require("name"))
    try refuseTokens(context)
    // Who finds a session open is not yet the person.
    if case .session = context.means, owner.id == context.asker.actor {
      guard let present = body.presentPassword else { throw Problem.invalid("present_password") }
      _ = try await check(owner.name, present, context)
    }
    let done = try await desk.setPassword(
      Password(body.password), of: owner.id, id: request.changeID, context.asker)
    return try answer(CredentialAnswer(done.value, owner.name), isRepeat: done.isRepeat)
  }

  private func actor(named name: String) throws -> ActorDescription {
    guard let actor = desk.engine.catalogue.actor(named: name) else { throw Problem(Refusal.unknownActor) }
    return actor.description
  }

  /// A token that leaked must not make others, nor a password.
  private func refuseTokens(_ context: Caller) throws {
    if case .token = context.means { throw Problem(Refusal.notPermitted) }
  }

  // MARK: Tokens

  @Sendable private func tokens(_ request: Request, _ context: Caller) async throws -> Response {
    let catalogue = desk.engine.catalogue
    let seesAll = desk.engine.allows(context.asker.actor, .actors)
    let seen = seesAll ? Array(desk.engine.credentials.values) : desk.engine.credentials(of: context.asker.actor)
    let tokens = seen.filter { $0.kind == .token }
      .sorted {
        ($0.actor.rawValue, $0.madeAtMilliseconds, $0.name) < ($1.actor.rawValue, $1.madeAtMilliseconds, $1.name)
      }
    return try answer(
      tokens.map { CredentialAnswer($0, catalogue.actor($0.actor)?.description.name ?? "") })
  }

  @Sendable private func addToken(_ request: Request, _ context: Caller) async throws -> Response {
    let body = try await request.read(TokenBody.self, context)
    try refuseTokens(context)
    let owner = try body.actor.map(actor(named:)) ?? desk.engine.catalogue.actor(context.asker.actor)?.description
    guard let owner else { throw Problem(Refusal.unknownActor) }
    guard (1...Self.mostDays).contains(body.days) else { throw Problem.invalid("days") }
    let id = try request.changeID
    // By the id's own time where it has been done before, so that the same is asked again.
    let known = desk.engine.credential(id)
    let endsAt = known?.endsAtMilliseconds ?? desk.nowMilliseconds + body.days * 86_400_000
    let (done, token) = try await desk.addToken(
      name: body.name, endsAtMilliseconds: endsAt, of: owner.id, id: id, context.asker)
    var told = CredentialAnswer(done.value, owner.name)
    told.token = token
    return try answer(told, status: done.isRepeat ? .ok : .created, isRepeat: done.isRepeat)
  }

  /// The longest that a token works.
  static let mostDays: UInt64 = 730

  @Sendable private func endToken(_ request: Request, _ context: Caller) async throws -> Response {
    try refuseTokens(context)
    let id = try context.pathID
    let done = try await desk.endCredential(id, id: request.changeID, context.asker)
    let name = desk.engine.catalogue.actor(done.value.actor)?.description.name ?? ""
    return try answer(CredentialAnswer(done.value, name), isRepeat: done.isRepeat)
  }
}

struct SignInBody: Codable {
  var name: String
  var password: String
}

struct PasswordBody: Codable {
  var password: String
  /// The one there is, from whoever is signed in and changes its own.
  var presentPassword: String?
}

struct TokenBody: Codable {
  var name: String
  /// How long it works.
  var days: UInt64
  /// Whose it is to be; the asker's own if it is not there.
  var actor: String?
}

struct SessionAnswer: Encodable {
  var token: String
  var name: String
  var roles: [String]
  var ends: String
  var idleSeconds: UInt64
}

struct ActorAnswer: Encodable {
  var name: String
  var roles: [String]
  var isRevoked: Bool
  var hasPassword: Bool
}

struct CredentialAnswer: Encodable {
  var id: RequestID
  var actor: String
  var kind: String
  var name: String?
  var made: String
  var ends: String?
  var isEnded: Bool
  /// The token itself, this once.
  var token: String?

  init(_ credential: Credential, _ owner: String) {
    id = credential.id
    actor = owner
    kind = "\(credential.kind)"
    name = credential.kind == .token ? credential.name : nil
    made = rfc3339(credential.madeAtMilliseconds)
    ends = credential.endsAtMilliseconds == 0 ? nil : rfc3339(credential.endsAtMilliseconds)
    isEnded = credential.isEnded
  }
}
