import Foundation
import PinSealing
import Testing

/// The flags that the kernel keeps for the mapping that holds `address`, as `/proc/self/smaps` shows them.
private func mappingFlags(holding address: UInt) throws -> [Substring] {
  // A file that says it is empty: to be read to its end, not to its size.
  let data = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps")).readToEnd()
  let maps = String(decoding: try #require(data), as: UTF8.self)
  var isInside = false
  for line in maps.split(separator: "\n") {
    let range = line.prefix { $0 != " " }.split(separator: "-").compactMap { UInt($0, radix: 16) }
    if range.count == 2 { isInside = (range[0]..<range[1]).contains(address) }
    if isInside, line.hasPrefix("VmFlags:") { return line.split(separator: " ") }
  }
  return []
}

private func address(of key: SecretKey) -> UInt {
  key.withBytes { $0.withUnsafeBytes { UInt(bitPattern: $0.baseAddress) } }
}

@Suite("A secret key")
struct SecretKeyTests {
  @Test("holds the bytes it was given; a random one is never the same twice")
  func contents() {
    #expect(bytes(of: makeKey(countingKeyBytes)) == countingKeyBytes)
    #expect(Set((0..<5_000).map { _ in bytes(of: .random()) }).count == 5_000)
  }

  @Test("keeps apart from every other living key, also when there are more than one chunk holds")
  func manyKeys() {
    let keys = (0..<10_000).map { number in
      makeKey(countingKeyBytes.map { UInt8(truncatingIfNeeded: number >> (8 * (Int($0) % 2))) })
    }
    for (number, key) in keys.enumerated() {
      #expect(bytes(of: key).prefix(2) == [UInt8(truncatingIfNeeded: number), UInt8(number >> 8)])
    }
  }

  @Test("shows nothing of itself in text, debug text or a dump")
  func noDescription() {
    let key = makeKey([UInt8](repeating: 0xAB, count: 32))
    var dumped = ""
    dump(key, to: &dumped)
    for text in ["\(key)", String(reflecting: key), dumped] {
      #expect(!text.lowercased().contains("abab"))
      // Not the bytes alone: an address may hold those digits.
      #expect(!text.contains("171, 171"))
    }
  }

  @Test("lies in memory that is left out of core dumps, wiped in a fork, and locked if that is allowed")
  func mapping() async {
    await #expect(processExitsWith: .success) {
      let key = SecretKey.random()
      let flags = try mappingFlags(holding: address(of: key))
      #expect(flags.contains("dd"))
      #expect(flags.contains("wf"))
      let report = try ProcessSecrecy.harden()
      // A sanitizer puts its own `mlock` in place of the system's, which locks nothing.
      let isSanitized = ProcessInfo.processInfo.environment["PINVAULT_SANITIZER"] != nil
      #expect(flags.contains("lo") == report.keysAreLockedInMemory || isSanitized)
    }
  }

  @Test("is zero in memory once the last reference is gone")
  func wiping() async {
    await #expect(processExitsWith: .success) {
      var key: SecretKey? = makeKey([UInt8](repeating: 0xAB, count: 32))
      let place = try #require(key.map(address(of:)))
      // The page stays mapped when its slot is free, so that looking is safe.
      let memory = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: place), count: 32)
      #expect(memory.allSatisfy { $0 == 0xAB })
      key = nil
      #expect(memory.allSatisfy { $0 == 0 })
    }
  }
}

@Suite("A hardened process")
struct ProcessSecrecyTests {
  @Test("leaves no core dump and no crash report, and lets nobody attach")
  func harden() async {
    await #expect(processExitsWith: .success) {
      _ = try ProcessSecrecy.harden()
      var limit = rlimit(rlim_cur: 1, rlim_max: 1)
      #expect(getrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit) == 0)
      #expect(limit.rlim_cur == 0 && limit.rlim_max == 0)
      #expect(ProcessSecrecy.mayBeDumped == false)
      for number in [SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGTRAP, SIGFPE, SIGQUIT] {
        var action = sigaction()
        #expect(sigaction(number, nil, &action) == 0)
        #expect(action.__sigaction_handler.sa_handler == nil, "a crash report would print memory")
      }
    }
  }
}
