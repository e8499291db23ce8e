import PinBytes
import PinProtocol
import PinSealing

/// The key that an actor and the server share: 32 bytes in locked memory, wiped when the last copy goes, never printed.
public struct ActorKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package static let file = KeyFile(label: "pinvault-actor-key-1")
  package let secret: SecretKey

  package init(_ secret: SecretKey) { self.secret = secret }

  /// The key in these bytes, such as the server told when it made the actor; wiping the original is the caller's part.
  public init(_ bytes: Bytes32) {
    let copy = bytes.bytes
    secret = SecretKey(bytes: copy.span.bytes)
  }

  /// Reads a key file: one line, `pinvault-actor-key-1` and 64 hexadecimal digits.
  ///
  /// Throws unless the file belongs to the effective user and nobody else can read it (mode 0600 or 0400).
  public init(contentsOfFile path: String) throws(ActorKeyError) {
    do throws(KeyFileError) { secret = try Self.file.read(at: path) } catch { throw ActorKeyError(error) }
  }

  /// Writes the key to a new file of mode 0600, durable on return; never overwrites.
  public func write(toNewFile path: String) throws(ActorKeyError) {
    do throws(KeyFileError) { try Self.file.create(at: path, holding: secret) } catch { throw ActorKeyError(error) }
  }

  public var description: String { "ActorKey(hidden)" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why an actor's key was not read or written: one clear line, without a byte of the file.
public struct ActorKeyError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  init(_ error: KeyFileError) { description = error.description }
}
