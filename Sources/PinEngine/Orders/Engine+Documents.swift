import PinWords

/// What became of the change that a document was kept for.
package enum DocumentFate: Sendable {
  /// With the documents that the change replaced, as its answer says.
  case isNamed(replacing: [RequestID])
  /// It had been done before: what is kept anew since, because what it brought was replaced, is named by nothing.
  case wasNamed(replacing: [RequestID])
  case cameToNothing
  /// The store stopped before it was told.
  case unknown
}

/// A document that is durable.
package struct KeptDocument: Sendable {
  package let name: DocumentName
  /// What it says: other than what was to be kept only if its change had come before and said something else.
  package let bytes: [UInt8]
  /// Whether it was not there before.
  package let isNew: Bool
}

extension Engine {
  /// Makes a document durable, so that a change of the same id can name it; `settle` must follow.
  package func keep(_ bytes: [UInt8], id: RequestID) async -> Result<KeptDocument, Refusal> {
    await withCheckedContinuation { continuation in
      documents.keep(DocumentDesk.Job(id: id, bytes: bytes) { continuation.resume(returning: $0) })
    }
  }

  /// Says what became of the change that a document was kept for, and has what it replaced purged.
  package func settle(_ id: RequestID, as fate: DocumentFate) { documents.settle(id, as: fate) }

  /// Asks for a change that brings no document, but may replace some: those are purged.
  package func performReplacing(
    _ command: Command, id: RequestID, as actor: ActorID, keyNumber: UInt64 = 0
  ) async -> Answered {
    if case .failure(let refusal) = await keep([], id: id) {
      let submission = Submission(actor: actor, command: command, ticket: 0, sink: AnswerSink { _ in })
      return Answered(submission: submission, reply: Reply(.refused(refusal)), timeMilliseconds: 0)
    }
    let answered = await perform(command, as: actor, keyNumber: keyNumber)
    settle(id, as: answered.fateOfDocument)
    return answered
  }

  /// What a document says; nil once it is purged.
  package func document(_ name: DocumentName) throws -> [UInt8]? { try documents.read(name) }
}

extension Answered {
  /// What became of the document of a change that is answered so.
  fileprivate var fateOfDocument: DocumentFate {
    switch outcome {
    case .refused(.stopping): .unknown
    case .refused, .orderRefused: .cameToNothing
    default: .isNamed(replacing: replaces)
    }
  }
}
