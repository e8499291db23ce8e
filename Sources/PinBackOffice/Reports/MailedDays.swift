import Foundation
import Glibc
import PinWords

/// Up to which business day the books were mailed: a line in a file, replaced as a whole and durably.
struct MailedDays {
  private let path: String

  /// - Parameter directory: where it is, which is there or can be made.
  init(in directory: String) { path = "\(directory)/mailed" }

  /// What stands there is no day: until somebody puts it right nothing is mailed, rather than a day twice or never.
  struct Unreadable: Error, CustomStringConvertible {
    var path: String
    var description: String { "\(path) should hold a line with the last day that was mailed, such as 2027-03-26" }
  }

  /// Nil where none was mailed yet; throws `Unreadable` if the file says something else.
  var last: Day? {
    get throws {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
      guard text.hasSuffix("\n"), let day = Day(calendarText: String(text.dropLast())) else {
        throw Unreadable(path: path)
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
