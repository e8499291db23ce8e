import PinSealing
import PinWords
import Synchronization
import Testing

@testable import PinEngine

@Suite("Answers are handed out")
struct AnswerSinkTests {
  @Test(
    "Each sink gets its answers of a batch at once and in their order",
    arguments: [[0, 0, 0], [0, 1, 0, 2, 1, 0], []])
  func oneCallForEachSink(order: [Int]) throws {
    let calls = Mutex<[(sink: Int, tickets: [UInt64])]>([])
    let sinks = (0..<3).map { number in
      AnswerSink { answers in calls.withLock { $0.append((number, answers.map(\.ticket))) } }
    }
    var answers = order.enumerated().map { ticket, sink in
      let submission = Submission(
        actor: ActorID(1), command: .shiftTotals, ticket: UInt64(ticket), sink: sinks[sink])
      return Answered(submission: submission, reply: Reply(.done), timeMilliseconds: 0)
    }
    let context = EngineContext(storeKey: .random(), fingerprintKey: .random())
    context.answer(&answers)
    #expect(answers.isEmpty)
    let made = calls.withLock { $0 }
    let expected = order.reduce(into: [Int]()) { if !$0.contains($1) { $0.append($1) } }
    #expect(made.map(\.sink) == expected)
    for call in made { #expect(call.tickets == order.indices.filter { order[$0] == call.sink }.map { UInt64($0) }) }
  }
}
