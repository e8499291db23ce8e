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
