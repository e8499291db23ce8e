import Foundation
import Testing

@testable import VendorFiles

/// Input that can be read only once.
@Suite(.serialized) struct SpoolTests {
  private static let cardCount = 30_000
  /// Some 700 kB: three chunks.
  private static let text =
    "serial,pin\n" + (0..<cardCount).map { "SN\(100_000 + $0),PIN-\(900_000 + $0)\n" }.joined()

  @Test func aPipeIsReadTwiceFromASpoolThatHoldsNoPINAndHasNoName() throws {
    try withTemporaryDirectory { directory in
      let spools = directory.appending(path: "spools")
      try FileManager.default.createDirectory(at: spools, withIntermediateDirectories: false)
      var progress: [Int] = []
      let file = try fifo(in: directory, of: Array(Self.text.utf8)) { path in
        try VendorFile(path: path, spool: Spool(directory: spools.path, cipher: ScramblingCipher())) { bytes in
          progress.append(bytes)
        }
      }
      #expect(progress == [chunkBytes, 2 * chunkBytes, Self.text.utf8.count])
      #expect(file.totalBytes == Self.text.utf8.count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: spools.path) == [])

      let spooled = try #require(try contentOfNamelessFile(from: spools))
      #expect(spooled.count == Self.text.utf8.count + 3 * ScramblingCipher().addedBytes)
      #expect(spooled.range(of: Data("PIN-".utf8)) == nil)

      for _ in 1...2 {
        let reading = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
        #expect(reading.error == nil)
        #expect(reading.rows.count == Self.cardCount)
        #expect(reading.rows.last == .card(line: 30_001, serial: "SN129999", pin: "PIN-929999", expires: nil))
        #expect(reading.consumedBytes == file.totalBytes)
      }
    }
  }

  @Test func aCompressedPipeIsReadTwiceToo() throws {
    try withTemporaryDirectory { directory in
      let file = try fifo(in: directory, of: gzip(Array(Self.text.utf8))) { path in
        try VendorFile(path: path, spool: Spool(directory: directory.path, cipher: ScramblingCipher()))
      }
      for _ in 1...2 {
        let reading = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
        #expect(reading.rows.count == Self.cardCount)
        #expect(reading.error == nil)
      }
    }
  }

  @Test func standardInputIsSpooledFromAPipeAndReadInPlaceFromAFile() throws {
    try withTemporaryDirectory { directory in
      let spool = Spool(directory: directory.path, cipher: ScramblingCipher())
      let pipe = Pipe()
      try pipe.fileHandleForWriting.write(contentsOf: Data("serial,pin\nA,1\n".utf8))
      try pipe.fileHandleForWriting.close()
      try withStandardInput(pipe.fileHandleForReading.fileDescriptor) {
        let file = try VendorFile(path: "-", spool: spool)
        for _ in 1...2 {
          let reading = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
          #expect(reading.rows == [.card(line: 2, serial: "A", pin: "1", expires: nil)])
        }
      }

      let path = directory.appending(path: "taken-from.csv")
      try Data("a line that another program took\nserial,pin\nB,2\n".utf8).write(to: path)
      let handle = try FileHandle(forReadingFrom: path)
      try handle.seek(toOffset: 33)
      try withStandardInput(handle.fileDescriptor) {
        let file = try VendorFile(path: "-", spool: unusedSpool)
        #expect(file.totalBytes == 15)
        let reading = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
        #expect(reading.rows == [.card(line: 2, serial: "B", pin: "2", expires: nil)])
        #expect(reading.consumedBytes == 15)
      }
    }
  }

  @Test func aSpoolThatCannotBeMadeIsAnError() throws {
    try withTemporaryDirectory { directory in
      _ = #expect(throws: VendorFileError.cannotSpool(reason: "No such file or directory")) {
        _ = try fifo(in: directory, of: Array("serial,pin\nA,1\n".utf8)) { path in
          try VendorFile(path: path, spool: unusedSpool)
        }
      }
    }
  }

  /// Opens chunks, except the second.
  private struct ForgetfulCipher: SpoolCipher {
    let cipher = ScramblingCipher()
    var addedBytes: Int { cipher.addedBytes }

    func seal(_ clear: RawSpan, chunk: UInt64, into sealed: inout MutableRawSpan) throws {
      try cipher.seal(clear, chunk: chunk, into: &sealed)
    }

    func open(_ sealed: RawSpan, chunk: UInt64, into clear: inout MutableRawSpan) throws {
      try cipher.open(sealed, chunk: chunk == 1 ? 0 : chunk, into: &clear)
    }
  }

  @Test func aSpoolThatCannotBeOpenedAgainIsAnErrorAfterTheRowsBeforeIt() throws {
    try withTemporaryDirectory { directory in
      let file = try fifo(in: directory, of: Array(Self.text.utf8)) { path in
        try VendorFile(path: path, spool: Spool(directory: directory.path, cipher: ForgetfulCipher()))
      }
      let reading = readAll { () throws(VendorFileError) in try file.reader(today: firstOf2026) }
      #expect(reading.error == .cannotSpool(reason: "a part of the spool could not be opened again"))
      let wholeRows = Self.text.utf8.prefix(chunkBytes).count { $0 == UInt8(ascii: "\n") } - 1
      #expect(reading.rows.count == wholeRows)
    }
  }

  /// Feeds bytes through a named pipe to what opens it.
  private func fifo<R>(in directory: URL, of bytes: [UInt8], _ body: (String) throws -> R) throws -> R {
    let path = directory.appending(path: "pipe").path
    #expect(mkfifo(path, 0o600) == 0)
    // A reader that gives up must not end the test's process.
    signal(SIGPIPE, SIG_IGN)
    let isFed = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      if let handle = FileHandle(forWritingAtPath: path) { try? handle.write(contentsOf: Data(bytes)) }
      isFed.signal()
    }
    defer { isFed.wait() }
    return try body(path)
  }

  private func withStandardInput(_ descriptor: Int32, _ body: () throws -> Void) throws {
    let saved = dup(STDIN_FILENO)
    #expect(dup2(descriptor, STDIN_FILENO) == STDIN_FILENO)
    defer {
      dup2(saved, STDIN_FILENO)
      close(saved)
    }
    try body()
  }

  /// What the disk holds of a file in this directory that has been unlinked and is still open.
  private func contentOfNamelessFile(from directory: URL) throws -> Data? {
    for number in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      let link = "/proc/self/fd/\(number)"
      guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: link) else { continue }
      guard target.hasPrefix(directory.path), target.hasSuffix("(deleted)") else { continue }
      return FileHandle(forReadingAtPath: link)?.readDataToEndOfFile()
    }
    return nil
  }
}
