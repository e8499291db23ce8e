import Curl
import Foundation
import Logging
import PinEngine
import PinOrders
import PinReports
import PinSealing
import PinStore
import PinWords
import Synchronization
import Testing

@testable import PinBackOffice

/// A business day is over by the store's clock, which stamps events: not by the machine's, which somebody may set.
@Suite struct DailyCloseClockTests {
  private final class SetClock: StoreClock {
    let now: Mutex<UInt64>
    init(_ now: UInt64) { self.now = Mutex(now) }
    func nowMilliseconds() -> UInt64 { now.withLock { $0 } }
  }

  @Test func aDayIsOverByTheStoresClock() async throws {
    let directory = "\(NSTemporaryDirectory())/pinvault-close-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    // 2 February 2031, 01:00 UTC: the machine's clock is not there.
    let (key, clock) = (SecretKey.random(), SetClock(1_927_760_400_000))
    var settings = StoreSettings()
    settings.segmentByteCount = 128 << 10
    settings.largestBlockByteCount = 64 << 10
    settings.stateMapByteCount = 256 << 20
    settings.payloadMapByteCount = 1 << 30
    settings.stateHeadroomByteCount = 16 << 20
    settings.diskHeadroomByteCount = 16 << 20
    _ = try Engine.create(at: directory, masterKey: key, administrator: "root", settings: settings, clock: clock)
    let engine = try Engine(at: directory, masterKey: key, settings: settings, clock: clock)
    defer { engine.stop() }
    var reports = ReportSettings(zone: "UTC")
    reports.dayStarts = "04:00"
    let mail = Mailer.Configuration(
      server: MailServer(url: "smtp://localhost:9"), sender: "shop@example.com", templates: try MailTemplates())
    let close = try DailyClose(
      engine: engine, reports: ReportDesk(engine, directory: directory),
      configuration: DailyClose.Configuration(to: "books@example.com", mail, reports, directory: directory),
      logger: Logger(label: "test"))
    let day = Day(year: 2031, month: 2, day: 1)!
    #expect(try await close.millisecondsLeft(of: day) == 3 * 3_600_000)
    clock.now.withLock { $0 += 3 * 3_600_000 - 1 }
    #expect(try await close.millisecondsLeft(of: day) == 1)
    #expect(try await close.nextDay() == Day(year: 2031, month: 1, day: 31))
    clock.now.withLock { $0 += 1 }
    #expect(try await close.millisecondsLeft(of: day) == 0)
    #expect(try await close.nextDay() == day)
  }
}
