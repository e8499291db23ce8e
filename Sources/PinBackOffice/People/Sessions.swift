import PinSealing
import PinWords
import Synchronization

/// Who is signed in. A session ends when it was not used for a while, after a working day, at sign-out, and with the
/// password that opened it.
///
/// Only the hash of a session's token is kept, in memory: whoever starts the server anew has everybody sign in again.
final class Sessions: Sendable {
  /// PCI DSS 8.2.8 asks for a quarter of an hour at most.
  static let idleMilliseconds: UInt64 = 15 * 60_000
  static let longestMilliseconds: UInt64 = 12 * 3_600_000
  /// More at once are turned away.
  static let most = 4096
  static let tokenPrefix = "pvs_"

  struct Session: Sendable {
    let actor: ActorID
    /// The password that opened it.
    let password: RequestID
    let startedAtMilliseconds: UInt64
    var usedAtMilliseconds: UInt64

    func isOver(at now: UInt64) -> Bool {
      now >= startedAtMilliseconds + Sessions.longestMilliseconds
        || now >= usedAtMilliseconds + Sessions.idleMilliseconds
    }
  }

  private let sessions = Mutex<[[UInt8]: Session]>([:])

  /// Opens a session, and hands its token out this once; nil when there are too many.
  func open(_ password: Credential, at now: UInt64) -> String? {
    let token = Self.tokenPrefix + String(hexadecimal: randomBytes(count: 32).span.bytes)
    let session = Session(
      actor: password.actor, password: password.id, startedAtMilliseconds: now, usedAtMilliseconds: now)
    return sessions.withLock { sessions in
      if sessions.count >= Self.most { sessions = sessions.filter { !$0.value.isOver(at: now) } }
      guard sessions.count < Self.most else { return nil }
      sessions[Self.hash(token)] = session
      return token
    }
  }

  /// The session of a token, used now; nil when there is none, or it is over.
  func use(_ token: String, at now: UInt64) -> Session? {
    sessions.withLock { sessions in
      let hash = Self.hash(token)
      guard var session = sessions[hash] else { return nil }
      guard !session.isOver(at: now) else {
        sessions[hash] = nil
        return nil
      }
      session.usedAtMilliseconds = now
      sessions[hash] = session
      return session
    }
  }

  func close(_ token: String) { sessions.withLock { $0[Self.hash(token)] = nil } }

  private static func hash(_ token: String) -> [UInt8] { SHA256Hasher.sha256(of: Array(token.utf8).span.bytes).bytes }
}
