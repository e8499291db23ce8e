import ChildProcess
import Foundation
import Testing

/// Misuse that must not compile, each with a part of what the compiler says to it.
///
/// All the bodies are compiled at once, in functions with an `environment`, a `table` and a `key`. One that compiles, or
/// that fails for another reason, fails the test.
private struct Misuse {
  let name: String
  let body: String
  let refusal: String
}

/// What the compiler finds when it looks at how values live.
private let misusesOfLifetimes = [
  Misuse(
    name: "a span is used after the commit",
    body: """
      let write = try environment.beginWrite()
      let value = try write.value(for: key, in: table)
      try write.commit()
      _ = value?.byteCount
      """,
    refusal: "cannot be consumed when captured by an escaping closure or borrowed by a non-Escapable type"),
  Misuse(
    name: "a put while a span is in use",
    body: """
      var write = try environment.beginWrite()
      let value = try write.value(for: key, in: table)
      try write.put(key, for: key, in: table)
      _ = value?.byteCount
      """,
    refusal: "overlapping accesses to 'write'"),
  Misuse(
    name: "a value is put back under another key straight from the map",
    body: """
      var write = try environment.beginWrite()
      if let value = try write.value(for: key, in: table) { try write.put(value, for: key, in: table) }
      """,
    refusal: "overlapping accesses to 'write'"),
  Misuse(
    name: "a change during a walk",
    body: """
      var write = try environment.beginWrite()
      var walk = try write.walk(table)
      while let entry = try walk.next() { _ = try write.remove(entry.key, in: table) }
      """,
    refusal: "overlapping accesses to 'write'"),
  Misuse(
    name: "a walk goes on after a change",
    body: """
      var write = try environment.beginWrite()
      var walk = try write.walk(table)
      try write.put(key, for: key, in: table)
      _ = try walk.next() == nil
      """,
    refusal: "overlapping accesses to 'write'"),
  Misuse(
    name: "a walk goes on after the commit",
    body: """
      let write = try environment.beginWrite()
      var walk = try write.walk(table)
      try write.commit()
      _ = try walk.next() == nil
      """,
    refusal: "cannot be consumed when captured by an escaping closure or borrowed by a non-Escapable type"),
  Misuse(
    name: "a change during a scan",
    body: """
      var write = try environment.beginWrite()
      try write.scan(table) { (entry) throws(LMDBError) in try write.remove(entry.key, in: table) }
      """,
    refusal: "overlapping accesses to 'write'"),
  Misuse(
    name: "a put after the commit",
    body: """
      var write = try environment.beginWrite()
      try write.commit()
      try write.put(key, for: key, in: table)
      """,
    refusal: "'write' used after consume"),
  Misuse(
    name: "a commit after an abort",
    body: """
      let write = try environment.beginWrite()
      write.abort()
      try write.commit()
      """,
    refusal: "'write' consumed more than once"),
  Misuse(
    name: "a span is used after its snapshot was let go",
    body: """
      var read = try environment.beginRead()
      let entry = try read.firstEntry(in: table)
      read.reset()
      _ = entry?.key.byteCount
      """,
    refusal: "overlapping accesses to 'read'"),
  Misuse(
    name: "a span outlives its transaction",
    body: """
      var kept: RawSpan? = nil
      do {
        let read = try environment.beginRead()
        kept = try read.value(for: key, in: table)
      }
      _ = kept?.byteCount
      """,
    refusal: "escapes its scope"),
  Misuse(
    name: "a write transaction is handed to another thread",
    body: """
      let write = try environment.beginWrite()
      Task { try write.commit() }
      """,
    refusal: "'write' cannot be consumed when captured by an escaping closure"),
]

/// What the compiler finds when it checks types.
private let misusesOfTypes = [
  Misuse(
    name: "a transaction is copied",
    body: """
      let read = try environment.beginRead()
      _ = [read]
      """,
    refusal: "conform to 'Copyable'"),
  Misuse(
    name: "a span is stored",
    body: """
      let read = try environment.beginRead()
      var kept: [RawSpan] = []
      if let value = try read.value(for: key, in: table) { kept.append(value) }
      """,
    refusal: "does not conform to protocol 'Escapable'"),
  Misuse(
    name: "a write transaction is passed off as Sendable",
    body: """
      func share(_ value: borrowing some Sendable & ~Copyable) {}
      share(try environment.beginWrite())
      """,
    refusal: "conformance of 'WriteTransaction' to 'Sendable' is unavailable"),
  Misuse(
    name: "a read transaction is shared by two threads",
    body: """
      func share(_ value: borrowing some Sendable & ~Copyable) {}
      share(try environment.beginRead())
      """,
    refusal: "conformance of 'ReadTransaction' to 'Sendable' is unavailable"),
  Misuse(
    name: "a write transaction where a task may change threads",
    body: """
      Task { try environment.beginWrite().abort() }
      """,
    refusal: "unavailable from asynchronous contexts"),
]

/// What the rules allow must compile, or a refusal would prove nothing.
private let allowed = Misuse(
  name: "the rules are kept",
  body: """
    var write = try environment.beginWrite()
    var length = 0
    if let value = try write.value(for: key, in: table) { length += value.byteCount }
    let found = try write.entry(atOrAfter: key, in: table)?.value.byteCount
    try write.put(key, for: key, in: table)
    do {
      let value = try write.value(for: key, in: table)
      length += (value?.byteCount ?? 0) + (found ?? 0)
    }
    _ = try write.remove(key, in: table)
    try write.commit()
    let read = try environment.beginRead()
    var walk = try read.walk(table, from: key)
    while let entry = try walk.next() { length += entry.value.byteCount }
    """,
  refusal: "")

#if DEBUG
  private let isTestable = true
#else
  // The bodies are compiled against what this test was built with, which must let them see `package` names.
  private let isTestable = false
#endif

@Suite("The compiler refuses", .enabled(if: isTestable))
struct RefusedByCompilerTests {
  @Test("misuse of lifetimes") func lifetimes() throws { try expectRefusals(of: misusesOfLifetimes) }

  @Test("misuse of types") func types() throws { try expectRefusals(of: misusesOfTypes) }

  @Test("nothing that keeps the rules") func nothingElse() throws {
    #expect(try diagnostics(of: [allowed]) == [[]])
  }

  private func expectRefusals(of misuses: [Misuse]) throws {
    for (misuse, errors) in zip(misuses, try diagnostics(of: misuses)) {
      #expect(errors.contains { $0.contains(misuse.refusal) }, "\(misuse.name): \(errors)")
    }
  }

  /// The errors of each body, in the order of the bodies.
  private func diagnostics(of misuses: [Misuse]) throws -> [[String]] {
    var source = "@testable import LMDB\n"
    var ends: [Int] = []
    for (index, misuse) in misuses.enumerated() {
      source += "func misuse\(index)(_ environment: Environment, _ table: Table, _ key: RawSpan) throws {\n"
      source += misuse.body + "\n}\n"
      ends.append(source.count { $0 == "\n" })
    }
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let file = directory.appendingPathComponent("misuse.swift")
    try source.write(to: file, atomically: true, encoding: .utf8)

    var found = [[String]](repeating: [], count: misuses.count)
    for line in try compilerOutput(file.path).split(separator: "\n") where line.contains(": error: ") {
      // path:line:column: error: what
      let parts = line.dropFirst(file.path.count + 1).split(separator: ":", maxSplits: 3)
      let number = try #require(line.hasPrefix(file.path) ? Int(parts[0]) : nil, "\(line)")
      let index = try #require(ends.firstIndex { number <= $0 }, "\(line)")
      found[index].append(String(parts[3]))
    }
    return found
  }

  private func compilerOutput(_ path: String) throws -> String {
    let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../Sources")
    return try Program.run(
      "swiftc",
      [
        "-swift-version", "6", "-enable-experimental-feature", "Lifetimes", "-diagnostic-style", "llvm", "-emit-sil",
        "-o", "/dev/null", "-I", products.appendingPathComponent("Modules").path,
        "-I", sources.appendingPathComponent("CLMDB").path, path,
      ]
    ).errors
  }
}
