import PinSealing
import PinWords
import Synchronization

/// Where answers go: one for each thread that serves, so that a batch's answers cross to it at once.
///
/// The writer calls `deliver` after the batch's sync, on its own thread, once a batch for each sink that has answers in it;
/// it must hand them over without blocking.
public final class AnswerSink: Sendable {
  private let deliver: @Sendable ([Answered]) -> Void

  public init(deliver: @escaping @Sendable (_ answers: [Answered]) -> Void) {
    self.deliver = deliver
  }

  func accept(_ answers: [Answered]) { deliver(answers) }
}

/// What the machine shares with the threads around it: the keys it wraps under, the catalogue, the way out.
package final class EngineContext: Sendable {
  let storeKey: SecretKey
  let fingerprintKey: SecretKey
  private let published: Mutex<Catalogue>
  /// Passwords and tokens as of the last synced batch.
  let credentials = Mutex(CredentialTable())
  /// Card ids whose rows count for nothing, found at recovery.
  let idsToSweep = Mutex<[Range<UInt64>]>([])
  /// Documents that no event names, found at recovery.
  let unnamedDocuments = Mutex(UnnamedDocuments())
  /// What documents are sealed under, and what tells payment cards apart: both of the store key alone.
  let documentKey: SecretKey
  let paymentCardKey: SecretKey
  let markKey: SecretKey
  let trackingKey: SecretKey

  init(storeKey: SecretKey, fingerprintKey: SecretKey) {
    self.storeKey = storeKey
    self.fingerprintKey = fingerprintKey
    documentKey = storeKey.derived("pinvault-document-key-1")
    paymentCardKey = storeKey.derived("pinvault-payment-card-key-1")
    markKey = storeKey.derived("pinvault-mark-key-1")
    trackingKey = storeKey.derived("pinvault-tracking-key-1")
    published = Mutex(Catalogue.empty)
  }

  /// The catalogue as of the last synced batch.
  var catalogue: Catalogue { published.withLock { $0 } }

  func publish(_ catalogue: Catalogue) { published.withLock { $0 = catalogue } }

  /// Hands a batch's answers out, one call for each sink, in the order of their first answers.
  func answer(_ answers: inout [Answered]) {
    guard let sink = answers.first?.sink else { return }
    if answers.allSatisfy({ $0.sink === sink }) {
      sink.accept(answers)
    } else {
      for group in groups(of: answers) { group.sink.accept(group.answers) }
    }
    answers.removeAll(keepingCapacity: true)
  }

  private func groups(of answers: [Answered]) -> [(sink: AnswerSink, answers: [Answered])] {
    var groups: [(sink: AnswerSink, answers: [Answered])] = []
    var places: [ObjectIdentifier: Int] = [:]
    for answer in answers {
      let sink = ObjectIdentifier(answer.sink)
      if let place = places[sink] {
        groups[place].answers.append(answer)
      } else {
        places[sink] = groups.count
        groups.append((answer.sink, [answer]))
      }
    }
    return groups
  }
}
