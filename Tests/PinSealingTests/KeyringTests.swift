import Foundation
import PinSealing
import Synchronization
import Testing

@Suite("A keyring")
struct KeyringTests {
  let directory: TemporaryDirectory
  let master = SecretKey.random()
  let storeID: UInt128 = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10
  var path: String { directory.file("keyring") }

  init() throws { directory = try TemporaryDirectory() }

  private func create() throws -> Keyring {
    try Keyring.create(in: directory.path, storeID: storeID, master: master)
  }

  private func open(with master: SecretKey, expecting storeID: UInt128? = nil) throws(KeyringError) -> Keyring {
    try Keyring.open(in: directory.path, expecting: storeID, master: master)
  }

  private func expectSameKeys(_ one: Keyring, _ other: Keyring) {
    #expect(bytes(of: one.storeKey) == bytes(of: other.storeKey))
    #expect(bytes(of: one.fingerprintKey) == bytes(of: other.fingerprintKey))
  }

  @Test("opens with its master key and gives the same keys each time, in one small file")
  func roundTrip() throws {
    let created = try create()
    #expect(bytes(of: created.storeKey) != bytes(of: created.fingerprintKey))
    let opened = try open(with: master, expecting: storeID)
    #expect(opened.storeID == storeID)
    expectSameKeys(opened, created)
    #expect(try directory.names == ["keyring"])
    #expect(try directory.read("keyring").count == 188)
  }

  @Test("is never overwritten by a new one")
  func createTwice() throws {
    let first = try create()
    #expect(throws: KeyringError.alreadyExists(path: path)) { try create() }
    expectSameKeys(try open(with: master), first)
    #expect(try directory.names == ["keyring"])
  }

  @Test("tells a missing file, a wrong master key, another store and a newer format apart")
  func refusals() throws {
    #expect(throws: KeyringError.missing(path: path)) { try open(with: master) }
    _ = try create()
    let wrong = #expect(throws: KeyringError.self) { try open(with: .random()) }
    guard case .wrongMasterKey(path, let expectedID, let givenID) = wrong else {
      Issue.record("not told as a wrong master key: \(String(describing: wrong))")
      return
    }
    #expect(expectedID != givenID)
    #expect(throws: KeyringError.otherStore(path: path)) { try open(with: master, expecting: storeID + 1) }
    var newer = try directory.read("keyring")
    newer[11] = 2
    try directory.write(newer, to: "keyring")
    #expect(throws: KeyringError.newerFormat(path: path, version: 2)) { try open(with: master) }
  }

  @Test("with any one byte changed, cut short or grown is refused, as damaged")
  func damaged() throws {
    _ = try create()
    let sound = try directory.read("keyring")
    for index in sound.indices where !(8..<12).contains(index) {
      var changed = sound
      changed[index] ^= 1
      try directory.write(changed, to: "keyring")
      #expect(throws: KeyringError.damaged(path: path), "byte \(index)") { try open(with: master) }
    }
    for bytes in [[], Array(sound.prefix(11)), sound.dropLast(), sound + [0]] {
      try directory.write(bytes, to: "keyring")
      #expect(throws: KeyringError.damaged(path: path), "\(bytes.count) bytes") { try open(with: master) }
    }
  }

  @Test("that someone forged, checksum and all, is refused", arguments: [12, 27, 36, 50, 95, 96, 155])
  func forged(index: Int) throws {
    _ = try create()
    var forged = Array(try directory.read("keyring").dropLast(32))
    forged[index] ^= 1
    try directory.write(forged + sha256(of: forged).bytes, to: "keyring")
    #expect(throws: KeyringError.damaged(path: path)) { try open(with: master) }
  }

  @Test("rewrapped opens with the new master key and no longer with the old, and its keys are the same")
  func rewrap() throws {
    let created = try create()
    let new = SecretKey.random()
    try directory.write([1, 2, 3], to: "keyring.new")  // As a crash in an earlier rewrapping leaves it.
    try Keyring.rewrap(in: directory.path, from: master, to: new)
    expectSameKeys(try open(with: new, expecting: storeID), created)
    let error = #expect(throws: KeyringError.self) { try open(with: master) }
    guard case .wrongMasterKey = error else {
      Issue.record("the old master key is not refused as such: \(String(describing: error))")
      return
    }
    #expect(try directory.names == ["keyring"])
  }

  @Test("is not rewrapped by who has not the old master key")
  func rewrapRefused() throws {
    let created = try create()
    let before = try directory.read("keyring")
    #expect(throws: KeyringError.self) { try Keyring.rewrap(in: directory.path, from: .random(), to: .random()) }
    #expect(try directory.read("keyring") == before)
    expectSameKeys(try open(with: master), created)
  }

  @Test("is replaced in one step: who looks meanwhile finds the old or the new, whole")
  func atomicReplacement() async throws {
    let created = try create()
    let expected = bytes(of: created.storeKey)
    let keys = [master, SecretKey.random()]
    let path = directory.path
    let flag = Flag()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !flag.isSet.load(ordering: .relaxed) {
          await Task.yield()
          do throws(KeyringError) {
            #expect(bytes(of: try Keyring.open(in: path, master: keys[0]).storeKey) == expected)
          } catch {
            // The other master key's turn is the only reason not to open.
            guard case .wrongMasterKey = error else {
              Issue.record(error)
              continue
            }
          }
        }
      }
      group.addTask {
        for round in 0..<100 {
          #expect(throws: Never.self) {
            try Keyring.rewrap(in: path, from: keys[round % 2], to: keys[(round + 1) % 2])
          }
        }
        flag.isSet.store(true, ordering: .relaxed)
      }
    }
  }

  @Test("shows no key in any error text or in its file")
  func secrecy() throws {
    let created = try create()
    let file = hexadecimal(try directory.read("keyring"))
    for key in [created.storeKey, created.fingerprintKey, master] {
      #expect(!file.contains(hexadecimal(bytes(of: key))))
      let error = #expect(throws: KeyringError.self) { try open(with: created.storeKey) }
      #expect(error.map { "\($0)".contains(hexadecimal(bytes(of: key))) } == false)
      #expect(error.map { "\($0)".contains("\n") } == false)
    }
  }
}

private final class Flag: Sendable {
  let isSet = Atomic(false)
}
