import Foundation
import PinBytes
import TestSupport
import Testing

/// Every input that fuzzing has found worth keeping, tried again: the short form of `Scripts/fuzz`.
// One after another, since targets that need files have them in one place.
@Suite(
  "Bytes from outside: whatever they are, they are read or refused, and what is read is what is written",
  .serialized)
struct CorpusTests {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()

  private static func inputs(_ folder: String, _ target: FuzzTarget) throws -> [[UInt8]] {
    let url = Self.folder.appending(path: "\(folder)/\(target.name).txt")
    guard FileManager.default.fileExists(atPath: url.path()) else { return [] }
    return try String(contentsOf: url, encoding: .ascii).split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      try #require([UInt8](hexadecimal: $0), "\(url.path()): a line is not hexadecimal")
    }
  }

  @Test("What reached far keeps its properties", arguments: FuzzTarget.all)
  func corpus(target: FuzzTarget) throws {
    let inputs = try Self.inputs("Corpus", target)
    #expect(inputs.count > 5, "\(target.name) has a corpus")
    for input in inputs { try tried(input, target) }
  }

  @Test("What once broke a property breaks it no more", arguments: FuzzTarget.all)
  func found(target: FuzzTarget) throws {
    for input in try Self.inputs("Found", target) { try tried(input, target) }
  }

  @Test("Changed at random, they keep their properties too", arguments: FuzzTarget.all)
  func changed(target: FuzzTarget) throws {
    var random = SeededGenerator.forTests()
    let inputs = try Self.inputs("Corpus", target)
    for _ in 0..<500 {
      guard var input = inputs.randomElement(using: &random) else { return }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0...input.count, using: &random)
        let byte = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)].randomElement(using: &random)!
        switch Int.random(in: 0..<4, using: &random) {
        case 0: input.insert(byte, at: place)
        case 1 where place < input.count: input.remove(at: place)
        case 2: input.removeLast(input.count - place)
        default: if place < input.count { input[place] = byte }
        }
      }
      try tried(input, target)
    }
  }

  private func tried(_ input: [UInt8], _ target: FuzzTarget) throws {
    do {
      try target.check(input)
    } catch let broken as Broken {
      Issue.record("\(target.name): \(broken), by \(String(hexadecimal: input.span.bytes))")
    }
  }
}

extension FuzzTarget: CustomTestStringConvertible {
  var testDescription: String { name }
}
