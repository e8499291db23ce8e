import CLibFuzzer
import Glibc

/// One target under libFuzzer: that which `PINVAULT_FUZZ` names, with libFuzzer's own arguments; without it, the targets.
///
/// The environment names it since libFuzzer starts copies of this process with arguments of its own. Once a broken
/// property is found the process traps, and libFuzzer keeps the input.
@main
enum Fuzzer {
  /// Set once, before the first input.
  nonisolated(unsafe) private static var target = FuzzTarget.all[0]

  static func main() {
    guard let name = getenv("PINVAULT_FUZZ").map({ String(cString: $0) }) else {
      for target in FuzzTarget.all { print(target.name, target.longestInput) }
      return
    }
    guard let target = FuzzTarget.all.first(where: { $0.name == name }) else {
      print("there is no target \(name)")
      exit(64)
    }
    Self.target = target
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(LLVMFuzzerRunDriver(&count, &arguments, { bytes, count in Fuzzer.run(bytes, count) }))
  }

  private static func run(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    do { try target.check(input) } catch { fatalError("\(target.name): \(error)") }
    return 0
  }
}
