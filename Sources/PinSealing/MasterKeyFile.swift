/// Where the master key lives: a file outside the data directory, or a descriptor the process was started with; or
/// several of them, each holding a part of it.
///
/// Parts are for custodians who must not be able to open the store alone: each part is as long as the key and random by
/// itself, the key is all parts XORed, and all but one of them tell nothing of it. Each says which part it is, of how many.
package enum MasterKeyFile {
  /// A key or a part of one: a file's path, or a descriptor.
  package enum Source: Equatable, Sendable {
    case file(String)
    case descriptor(Int32)
  }

  /// More custodians than can be brought together are of no use.
  package static let mostParts = 8

  private static let wholeLabel = "pinvault-master-key-1"
  private static func partLabel(_ number: Int, of count: Int) -> String {
    "pinvault-master-key-part-1 \(number)-of-\(count)"
  }
  private static let partNumbers = (2...mostParts).flatMap { count in (1...count).map { (number: $0, count: count) } }
  private static let file = KeyFile(
    label: wholeLabel, otherLabels: partNumbers.map { partLabel($0.number, of: $0.count) })

  // MARK: Making

  /// Writes a new random key to a new file with mode 0600, durable on return; never overwrites.
  package static func create(at path: String) throws(KeyFileError) -> SecretKey {
    let key = SecretKey.random()
    try file.create(at: path, holding: key)
    return key
  }

  /// The same with one file, or with a part of the key in each of several, at most `mostParts`.
  ///
  /// What was made when this throws is left to the caller to take away.
  package static func create(at paths: [String]) throws(KeyFileError) -> SecretKey {
    precondition((1...mostParts).contains(paths.count), "a key has one file, or a few parts")
    guard paths.count > 1 else { return try create(at: paths[0]) }
    let parts = paths.map { _ in SecretKey.random() }
    for (index, path) in paths.enumerated() {
      try KeyFile(label: partLabel(index + 1, of: paths.count)).create(at: path, holding: parts[index])
    }
    return SecretKey(combining: parts)
  }

  // MARK: Reading

  /// Reads the key; refuses a file that anyone else could read or replace.
  package static func read(at path: String) throws(KeyFileError) -> SecretKey { try read([.file(path)]) }

  /// Reads the key from an inherited descriptor (a pipe, a memory file) to its end; closing it is the caller's part.
  package static func read(fileDescriptor: Int32) throws(KeyFileError) -> SecretKey {
    try read([.descriptor(fileDescriptor)])
  }

  /// Reads the key from its one source, or from all its parts, in any order.
  package static func read(_ sources: [Source]) throws(KeyFileError) -> SecretKey {
    var labelled: [(label: String, key: SecretKey)] = []
    for source in sources {
      switch source {
      case .file(let path): labelled.append(try file.readLabelled(at: path))
      case .descriptor(let descriptor): labelled.append(try file.readLabelled(fileDescriptor: descriptor))
      }
    }
    if labelled.count == 1, labelled[0].label == wholeLabel { return labelled[0].key }
    return SecretKey(combining: try parts(labelled))
  }

  /// The parts, if they are all there are of one key, each once.
  private static func parts(_ labelled: [(label: String, key: SecretKey)]) throws(KeyFileError) -> [SecretKey] {
    let numbers = labelled.map { part in
      partNumbers.first { partLabel($0.number, of: $0.count) == part.label }
    }
    guard let count = numbers.first??.count, numbers.allSatisfy({ $0?.count == count }) else {
      throw .wrongParts("the master key is one whole key, or all the parts of one: these do not belong together")
    }
    let given = numbers.compactMap { $0?.number }
    for number in 1...count where given.count(where: { $0 == number }) != 1 {
      let what = given.contains(number) ? "is given twice" : "is missing: give all of them"
      throw .wrongParts("part \(number) of \(count) of the master key \(what)")
    }
    return labelled.map(\.key)
  }
}

extension SecretKey {
  /// All parts XORed.
  fileprivate convenience init(combining parts: [SecretKey]) {
    self.init { storage in
      storage.initializeMemory(as: UInt8.self, repeating: 0, count: SecretKey.byteCount)
      let bytes = storage.assumingMemoryBound(to: UInt8.self)
      for part in parts {
        part.withPointer { part in
          for index in 0..<SecretKey.byteCount { bytes[index] ^= part[index] }
        }
      }
    }
  }
}
