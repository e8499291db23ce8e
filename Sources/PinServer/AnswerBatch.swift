import PinEngine

/// A batch's answers on their way to their connections, one connection after another: what one of them gets leaves in one
/// piece, and its next requests come in one.
struct AnswerBatch {
  private let answers: [Answered]
  /// Where the answers stand, those of one connection together and in the order of their requests.
  private let order: [Place]
  private var handedOnCount = 0

  private struct Place: Comparable {
    let connection: UInt32
    let index: UInt32

    static func < (one: Place, other: Place) -> Bool {
      one.connection == other.connection ? one.index < other.index : one.connection < other.connection
    }
  }

  init(_ answers: [Answered]) {
    self.answers = answers
    order =
      answers.indices
      .map { Place(connection: UInt32(Ticket(number: answers[$0].ticket).connection), index: UInt32($0)) }
      .sorted()
  }

  var isEmpty: Bool { handedOnCount == order.count }

  /// Whose answers are next.
  var connection: Int { Int(order[handedOnCount].connection) }

  /// Lends the answers of the next connection, one by one, and says how many these were.
  mutating func handOn(_ body: (_ slot: UInt32, _ answered: Answered) -> Void) -> Int {
    let first = handedOnCount
    let connection = order[first].connection
    while handedOnCount < order.count, order[handedOnCount].connection == connection {
      let index = Int(order[handedOnCount].index)
      body(Ticket(number: answers[index].ticket).slot, answers[index])
      handedOnCount += 1
    }
    return handedOnCount - first
  }
}
