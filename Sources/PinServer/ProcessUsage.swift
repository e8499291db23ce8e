import Glibc

/// What this process has used of the machine, as the kernel counts it.
struct ProcessUsage: Sendable {
  private(set) var processorSeconds = 0.0
  /// Memory of the process's own, without mapped files.
  private(set) var ownMemoryBytes: UInt64 = 0
  /// Memory with the pages of mapped files.
  private(set) var residentBytes: UInt64 = 0
  /// Bytes that it sent towards the disk.
  private(set) var writtenBytes: UInt64 = 0
  private(set) var openDescriptors: UInt64 = 0
  private(set) var threads: UInt64 = 0

  /// Reads the kernel's counts; one that is not told stays 0.
  static func read() -> ProcessUsage {
    var usage = ProcessUsage()
    var resources = rusage()
    if getrusage(CInt(RUSAGE_SELF.rawValue), &resources) == 0 {
      usage.processorSeconds = seconds(resources.ru_utime) + seconds(resources.ru_stime)
    }
    let status = fields("/proc/self/status")
    usage.ownMemoryBytes = (status["RssAnon"] ?? 0) * 1024
    usage.residentBytes = (status["VmRSS"] ?? 0) * 1024
    usage.threads = status["Threads"] ?? 0
    usage.writtenBytes = fields("/proc/self/io")["write_bytes"] ?? 0
    usage.openDescriptors = entryCount("/proc/self/fd")
    return usage
  }

  private static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }

  /// The numbers of a file of lines such as `VmRSS:   1234 kB`.
  private static func fields(_ path: String) -> [String: UInt64] {
    guard let file = fopen(path, "re") else { return [:] }
    defer { fclose(file) }
    var fields: [String: UInt64] = [:]
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, CInt(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      let parts = text.split(whereSeparator: { $0.isWhitespace })
      if parts.count >= 2, parts[0].hasSuffix(":"), let value = UInt64(parts[1]) {
        fields[String(parts[0].dropLast())] = value
      }
    }
    return fields
  }

  private static func entryCount(_ path: String) -> UInt64 {
    guard let directory = opendir(path) else { return 0 }
    defer { closedir(directory) }
    var count: UInt64 = 0
    while readdir(directory) != nil { count += 1 }
    // Not the two dots, nor the descriptor that this reads by.
    return count > 3 ? count - 3 : 0
  }
}
