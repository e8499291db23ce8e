import Foundation
import PinSealing
import Testing

@Suite("A master key file")
struct MasterKeyFileTests {
  let directory: TemporaryDirectory
  var path: String { directory.file("master.key") }
  let line = Array("pinvault-master-key-1 \(String(repeating: "0a", count: 32))\n".utf8)

  init() throws { directory = try TemporaryDirectory() }

  @Test("is made readable by its owner alone, holds one line, and gives the key back")
  func create() throws {
    let key = try MasterKeyFile.create(at: path)
    let line = "pinvault-master-key-1 \(hexadecimal(bytes(of: key)))\n"
    #expect(try directory.read("master.key") == Array(line.utf8))
    #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    #expect(try bytes(of: MasterKeyFile.read(at: path)) == bytes(of: key))
  }

  @Test("is never overwritten")
  func createTwice() throws {
    _ = try MasterKeyFile.create(at: path)
    let before = try directory.read("master.key")
    #expect(throws: KeyFileError.alreadyExists(path: path)) { try MasterKeyFile.create(at: path) }
    #expect(try directory.read("master.key") == before)
  }

  @Test("may have mode 0600 or 0400", arguments: [0o600, 0o400])
  func goodMode(mode: Int) throws {
    try directory.write(line, to: "master.key", mode: mode)
    #expect(try bytes(of: MasterKeyFile.read(at: path)) == [UInt8](repeating: 10, count: 32))
  }

  @Test("is refused with any other mode", arguments: [0o644, 0o640, 0o604, 0o660, 0o620, 0o602, 0o700, 0o500, 0o4600])
  func badMode(mode: Int) throws {
    try directory.write(line, to: "master.key", mode: mode)
    #expect(throws: KeyFileError.wrongMode(path: path, mode: UInt32(mode))) { try MasterKeyFile.read(at: path) }
  }

  @Test("is refused if it belongs to another user", .enabled(if: geteuid() == 0, "only root can give a file away"))
  func otherOwner() throws {
    try directory.write(line, to: "master.key")
    #expect(chown(path, 12345, gid_t.max) == 0)
    #expect(throws: KeyFileError.wrongOwner(path: path, owner: 12345, expected: 0)) {
      try MasterKeyFile.read(at: path)
    }
  }

  @Test("is refused if it is a symbolic link, a directory, a named pipe or a device")
  func notRegular() throws {
    try directory.write(line, to: "real.key")
    try FileManager.default.createSymbolicLink(atPath: directory.file("link"), withDestinationPath: "real.key")
    try FileManager.default.createDirectory(
      atPath: directory.file("folder"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o600])
    #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
    for path in [directory.file("link"), directory.file("folder"), directory.file("pipe"), "/dev/null"] {
      #expect(throws: KeyFileError.notRegularFile(path: path)) { try MasterKeyFile.read(at: path) }
    }
  }

  @Test("is refused if it is not there")
  func missing() {
    #expect(throws: KeyFileError.missing(path: path)) { try MasterKeyFile.read(at: path) }
  }

  static let digits = String(repeating: "5e", count: 32)

  @Test(
    "is refused unless it is exactly one line of the right form",
    arguments: [
      "", "\n", "pinvault-master-key-1 ", "pinvault-master-key-1 \(digits)", "pinvault-master-key-1 \(digits)\r\n",
      "pinvault-master-key-1 \(digits.dropLast())\n", "pinvault-master-key-1 \(digits)0\n",
      "pinvault-master-key-1 \(digits.dropLast())g\n", "pinvault-master-key-1 \(digits.uppercased())\n",
      "pinvault-master-key-2 \(digits)\n", "pinvault-master-key-1\t\(digits)\n", " pinvault-master-key-1 \(digits)\n",
      "pinvault-master-key-1 \(digits)\n\n", "pinvault-master-key-1 \(digits)\npinvault-master-key-1 \(digits)\n",
      "\(digits)\n", String(repeating: "5e", count: 100_000),
    ])
  func malformed(text: String) throws {
    try directory.write(Array(text.utf8), to: "master.key")
    let error = #expect(throws: KeyFileError.self) { try MasterKeyFile.read(at: path) }
    #expect(error == .malformed(path: path, label: "pinvault-master-key-1"))
    #expect(error.map { "\($0)".contains("5e5e") || "\($0)".contains("\n") } == false)
  }

  /// A pipe that holds `bytes` and whose other end is closed.
  private func pipe(holding bytes: [UInt8]) throws -> FileHandle {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Data(bytes))
    try pipe.fileHandleForWriting.close()
    return pipe.fileHandleForReading
  }

  @Test("may come from a file descriptor instead")
  func descriptor() throws {
    let good = try pipe(holding: line)
    #expect(try bytes(of: MasterKeyFile.read(fileDescriptor: good.fileDescriptor)) == [UInt8](repeating: 10, count: 32))
    let bad = try pipe(holding: line + [10])
    #expect(throws: KeyFileError.self) { try MasterKeyFile.read(fileDescriptor: bad.fileDescriptor) }
    let error = #expect(throws: KeyFileError.self) { try MasterKeyFile.read(fileDescriptor: 987_654) }
    #expect(error?.description.contains("987654") == true)
  }
}

@Suite("A master key in parts")
struct MasterKeyPartsTests {
  let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func paths(_ count: Int, _ prefix: String = "part") -> [String] {
    (1...count).map { directory.file("\(prefix)-\($0)") }
  }

  @Test("is made of as many files, each for one owner, and all of them in any order give it back", arguments: 2...8)
  func together(count: Int) throws {
    let paths = paths(count)
    let key = try MasterKeyFile.create(at: paths)
    for (index, path) in paths.enumerated() {
      let text = String(decoding: try directory.read("part-\(index + 1)"), as: UTF8.self)
      #expect(text.hasPrefix("pinvault-master-key-part-1 \(index + 1)-of-\(count) "))
      #expect(text.utf8.count == "pinvault-master-key-part-1 1-of-2 ".utf8.count + 65)
      #expect(!text.contains(hexadecimal(bytes(of: key))))
      #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
    }
    let sources = paths.map { MasterKeyFile.Source.file($0) }
    for order in [sources, sources.reversed(), sources.shuffled()] {
      #expect(try bytes(of: MasterKeyFile.read(order)) == bytes(of: key))
    }
  }

  @Test("Without one part, each key there is can still be the one: any other part completes it to another key")
  func fewerTellNothing() throws {
    let paths = paths(2)
    let key = bytes(of: try MasterKeyFile.create(at: paths))
    let digits = String(decoding: try directory.read("part-1"), as: UTF8.self).suffix(65).dropLast()
    let first = stride(from: 0, to: 64, by: 2).map { UInt8(String(Array(digits)[$0...$0 + 1]), radix: 16)! }
    let wanted = key.map { ~$0 }
    let other = zip(first, wanted).map { $0 ^ $1 }
    try directory.write(Array("pinvault-master-key-part-1 2-of-2 \(hexadecimal(other))\n".utf8), to: "other")
    #expect(try bytes(of: MasterKeyFile.read([.file(paths[0]), .file(directory.file("other"))])) == wanted)
  }

  @Test("is refused unless all parts of one key are given, each once; and the refusal says which")
  func incomplete() throws {
    let three = paths(3).map { MasterKeyFile.Source.file($0) }
    _ = try MasterKeyFile.create(at: paths(3))
    _ = try MasterKeyFile.create(at: paths(2, "pair"))
    let pair = paths(2, "pair").map { MasterKeyFile.Source.file($0) }
    let whole = directory.file("whole")
    _ = try MasterKeyFile.create(at: whole)
    let apart = "the master key is one whole key, or all the parts of one: these do not belong together"
    for (sources, what) in [
      ([three[0]], "part 2 of 3 of the master key is missing: give all of them"),
      ([three[1], three[2]], "part 1 of 3 of the master key is missing: give all of them"),
      ([three[0], three[1], three[1]], "part 2 of 3 of the master key is given twice"),
      ([three[0], three[0]], "part 1 of 3 of the master key is given twice"),
      ([three[0], pair[1]], apart), ([.file(whole), pair[0]], apart), ([.file(whole), .file(whole)], apart),
      ([pair[0], pair[1], .file(whole)], apart),
    ] {
      #expect(throws: KeyFileError.wrongParts(what)) { try MasterKeyFile.read(sources) }
    }
  }

  @Test("is never written over a file that is there, and each part is refused as any key file is")
  func badFiles() throws {
    let paths = paths(2)
    try directory.write(Array("mine".utf8), to: "part-2")
    #expect(throws: KeyFileError.alreadyExists(path: paths[1])) { try MasterKeyFile.create(at: paths) }
    #expect(try directory.read("part-2") == Array("mine".utf8))
    let pair = self.paths(2, "pair")
    _ = try MasterKeyFile.create(at: pair)
    #expect(chmod(pair[1], 0o644) == 0)
    #expect(throws: KeyFileError.wrongMode(path: pair[1], mode: 0o644)) {
      try MasterKeyFile.read(pair.map { .file($0) })
    }
    let digits = String(repeating: "5e", count: 32)
    for label in ["0-of-2", "3-of-2", "1-of-1", "1-of-9", "1-of-2 ", "1-OF-2"] {
      try directory.write(Array("pinvault-master-key-part-1 \(label) \(digits)\n".utf8), to: "bad")
      let path = directory.file("bad")
      #expect(throws: KeyFileError.malformed(path: path, label: "pinvault-master-key-1"), "\(label)") {
        try MasterKeyFile.read(at: path)
      }
    }
  }

  @Test("may come from descriptors, or some from files")
  func descriptors() throws {
    let paths = paths(2)
    let key = try MasterKeyFile.create(at: paths)
    let second = try FileHandle(forReadingFrom: URL(fileURLWithPath: paths[1]))
    let sources: [MasterKeyFile.Source] = [.file(paths[0]), .descriptor(second.fileDescriptor)]
    #expect(try bytes(of: MasterKeyFile.read(sources)) == bytes(of: key))
  }
}
