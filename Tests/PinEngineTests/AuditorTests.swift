import ChildProcess
import Foundation
import Testing

@Suite("The auditor, which shares no code with this program")
struct AuditorTests {
  private let store: EverythingDone

  init() async throws { store = try await EverythingDone.shared }

  @Test("It proves a store on which everything was done, stopped and restored, and finds none of its PINs in clear")
  func everythingDone() throws {
    for files in [store.filesBefore, store.filesRestored] {
      let (status, output, errors) = try EverythingDone.withDirectory(of: files) { directory in
        let pins = "\(directory).pins"
        defer { try? FileManager.default.removeItem(atPath: pins) }
        try Data(store.pins.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: pins))
        return try runPython("Scripts/audit", ["--pins", pins, directory])
      }
      #expect(status == 0, "\(output)\(errors)")
      #expect(output.contains("All of it is so.") && !output.contains("not looked at"))
      #expect(output.contains("\(files.count) files"), "it was to look into every file: \(output)")
    }
  }

  @Test("Damage that each check is there for is found by that check, and its place is named")
  func damages() throws {
    let (status, output, errors) = try EverythingDone.withDirectory(of: store.filesBefore) { directory in
      try runPython("Tests/Audit/damages.py", [directory])
    }
    #expect(status == 0, "\(output)\(errors)")
  }
}

/// The folder of the repository.
let repositoryFolder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Runs one of the repository's programs in Python to its end.
func runPython(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String, errors: String) {
  let run = try Program.run("python3", ["-B", repositoryFolder.appendingPathComponent(program).path] + arguments)
  return (run.status, run.output, run.errors)
}
