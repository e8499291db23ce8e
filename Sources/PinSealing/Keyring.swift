/// The keys of a data directory, as its `keyring` file gives them to who has the master key.
///
/// The file stands outside the journal so that an old master key opens nothing in a rekeyed directory. It is always
/// replaced whole, so a crash leaves the old one or the new one. The caller holds the directory's lock while changing it.
/// A copy of the file from before a rekeying still opens with the old master key: destroy that key, or such copies.
package struct Keyring: Sendable {
  /// The id that the journal beside it was founded under.
  package let storeID: UInt128
  /// Wraps every lot's and every actor's key.
  package let storeKey: SecretKey
  /// Keys the fingerprints of PINs.
  package let fingerprintKey: SecretKey

  /// Makes new keys and writes them, wrapped, to a directory that has no keyring yet.
  package static func create(
    in directory: String, storeID: UInt128, master: SecretKey
  ) throws(KeyringError) -> Keyring {
    let keyring = Keyring(storeID: storeID, storeKey: .random(), fingerprintKey: .random())
    try KeyringFile(sealing: keyring, master: master).create(in: directory)
    return keyring
  }

  /// Opens a directory's keyring; with `expectedStoreID`, only if it is that store's.
  package static func open(
    in directory: String, expecting expectedStoreID: UInt128? = nil, master: SecretKey
  ) throws(KeyringError) -> Keyring {
    let file = try KeyringFile.read(in: directory)
    if let expectedStoreID, file.storeID != expectedStoreID {
      throw .otherStore(path: KeyringFile.path(in: directory))
    }
    return try file.open(master: master, directory: directory)
  }

  /// Tells one master key from another and gives nothing of it away: the start of a labelled hash of it.
  package static func masterKeyID(of master: SecretKey) -> UInt64 {
    KeyringFile.identifier(of: master).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Changes the master key: after this only `new` opens the directory. No card is touched.
  package static func rewrap(
    in directory: String, from old: SecretKey, to new: SecretKey
  ) throws(KeyringError) {
    let keyring = try open(in: directory, master: old)
    try KeyringFile(sealing: keyring, master: new).replace(in: directory)
  }
}

/// Why a keyring was not opened or written; one clear line each.
package enum KeyringError: Error, Equatable, Sendable, CustomStringConvertible {
  case missing(path: String)
  case alreadyExists(path: String)
  /// The file is sound, but another master key wraps it; the ids are public (a hash of the key), in hexadecimal.
  case wrongMasterKey(path: String, expectedID: String, givenID: String)
  case damaged(path: String)
  /// The keyring belongs to another store than the data beside it.
  case otherStore(path: String)
  case newerFormat(path: String, version: UInt32)
  case system(SealingSystemError)

  package var description: String {
    switch self {
    case .missing(let path): "\(path): no keyring; is this a data directory?"
    case .alreadyExists(let path): "\(path): already exists; a keyring is never overwritten by a new one"
    case .wrongMasterKey(let path, let expectedID, let givenID):
      "\(path): wrong master key: it needs the one with id \(expectedID), this is \(givenID)"
    case .damaged(let path): "\(path): the keyring is damaged; restore this file from a backup"
    case .otherStore(let path): "\(path): the keyring belongs to another store than this data"
    case .newerFormat(let path, let version): "\(path): written by a newer version (format \(version))"
    case .system(let error): error.description
    }
  }
}
