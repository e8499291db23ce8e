import Foundation
import Glibc
import PinWords

/// Up to which business day the books were mailed: a line in a file, replaced as a whole and durably.
struct MailedDays {
  private let path: String

  /// - Parameter directory: where it is, which is there or can be made.
  init(in directory: String) { path = "\(directory)/mailed" }

  /// Nil where none was mailed yet; throws if the file says something else.
  var last: Day? {
    get throws {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      let text = try String(contentsOfFile: path, encoding: .utf8)
      guard text.hasSuffix("\n"), let day = Day(calendarText: String(text.dropLast())) else {
        throw CocoaError(.fileReadCorruptFile)
      }
      return day
    }
  }

  func note(_ day: Day) throws {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
    try FileManager.default.createDirectory(
      at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    let new = path + ".new"
    try Data("\(day.calendarText)\n".utf8).write(to: URL(fileURLWithPath: new))
    try sync(new)
    guard rename(new, path) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    try sync(directory.path)
  }

  private func sync(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    guard descriptor >= 0, fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }
}
