import CZlib
import Foundation
import Testing

@testable import VendorFiles

/// What `expected.json` says of one file.
struct Expectation: Decodable, Sendable {
  struct Refusal: Decodable {
    let line: Int
    let reason: String
  }

  let rows: Int?
  let accepted: Int
  let refused: [Refusal]?
  let error: String?

  static let all: [String: Expectation] = {
    guard
      let data = try? Data(contentsOf: fixtures.appending(path: "expected.json")),
      let expected = try? JSONDecoder().decode([String: Expectation].self, from: data)
    else { return [:] }
    return expected
  }()
}

@Suite struct VendorFixtureTests {
  @Test func everyVendorFileHasAnExpectation() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: fixtures.path)
    #expect(Set(files).subtracting(["README.md", "expected.json"]) == Set(Expectation.all.keys))
    #expect(Expectation.all.count == 10)
  }

  @Test(arguments: Expectation.all.keys.sorted())
  func aVendorFileYieldsWhatItMust(_ name: String) throws {
    let expected = try #require(Expectation.all[name])
    let reading = readAll(path: fixtures.appending(path: name).path)
    if let error = expected.error {
      let description = try #require(reading.error?.description)
      #expect(description.hasPrefix(error))
      return
    }
    #expect(reading.error == nil)
    #expect(reading.rows.count == expected.rows)
    let refused = reading.rows.filter { !$0.isCard }
    #expect(refused == expected.refused.map { $0.compactMap(asTheReaderTellsIt) })
    // What the store will find later leaves the reader as a card.
    let refusedLater = (expected.refused?.count ?? 0) - refused.count
    #expect(reading.rows.count(where: \.isCard) - refusedLater == expected.accepted)
    #expect(reading.rows.map(\.line) == Array(2..<(2 + reading.rows.count)))
  }

  private func asTheReaderTellsIt(_ refusal: Expectation.Refusal) -> ReadRow? {
    switch refusal.reason {
    case "duplicate-in-file", "duplicate-of-earlier-lot", "serial-duplicate-in-file": nil
    case "unclosed-spaces-only-pin": .refused(line: refusal.line, reason: "empty-pin")
    default: .refused(line: refusal.line, reason: refusal.reason)
    }
  }

  @Test func aColumnThatMeansNothingIsNamedOnce() {
    #expect(readAll(path: fixtures.appending(path: "giftcodes-50usd.csv").path).ignoredColumns == ["note"])
    #expect(readAll(path: fixtures.appending(path: "acme-10usd.csv").path).ignoredColumns == [])
  }

  /// The files' lines, taken apart by other means: these files have no line break inside quotes.
  @Test(arguments: ["acme-10usd.csv", "globaltel-5eur.csv.gz", "nova-25gbp.tsv", "giftcodes-50usd.csv"])
  func everyCardComesOutAsItStands(_ name: String) throws {
    let path = fixtures.appending(path: name).path
    let lines = textOfFile(path).split(whereSeparator: \.isNewline).dropFirst()
    let cards = lines.enumerated().map { index, line in
      let fields = line.split(whereSeparator: { ",;\t".contains($0) }).map { String($0).replacing("\"", with: "") }
      let isPINFirst = name.hasPrefix("giftcodes")
      return ReadRow.card(
        line: index + 2, serial: isPINFirst ? fields[fields.count - 1] : fields[0],
        pin: isPINFirst ? fields[0] : fields[1], expires: isPINFirst || fields.count < 3 ? nil : fields[2])
    }
    #expect(cards.count == Expectation.all[name]?.rows)
    #expect(readAll(path: path).rows == cards)
  }

  @Test func aSecondReaderFindsTheSameRows() throws {
    let file = try VendorFile(path: fixtures.appending(path: "dirty-10usd.csv").path, spool: unusedSpool)
    let first = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
    let second = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
    #expect(first.rows.count == 1000)
    #expect(first.rows == second.rows)
  }

  @Test(arguments: ["acme-10usd.csv", "globaltel-5eur.csv.gz"])
  func progressEndsAtTheFilesSize(_ name: String) throws {
    let path = fixtures.appending(path: name).path
    let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    let file = try VendorFile(path: path, spool: unusedSpool)
    var reader = try file.reader(today: firstOf2026)
    #expect(reader.totalBytes == size)
    var last = 0
    while try reader.next() != nil {
      #expect(reader.consumedBytes >= last)
      last = reader.consumedBytes
    }
    #expect(reader.consumedBytes == size)
  }

  /// Through zlib's own reader, which takes plain files as they are.
  private func textOfFile(_ path: String) -> String {
    guard let file = gzopen(path, "rb") else { return "" }
    defer { gzclose(file) }
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while case let count = gzread(file, &chunk, 65_536), count > 0 { text += chunk.prefix(Int(count)) }
    return String(decoding: text, as: UTF8.self).replacing("\u{FEFF}", with: "")
  }
}
