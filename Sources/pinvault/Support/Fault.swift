import ArgumentParser
import Glibc
import PinClient
import PinEngine
import PinProtocol
import PinReports
import PinSealing
import PinServer
import PinStore
import PinWords
import VendorFiles

/// Why a command failed, as its user sees it: one line that says what, where and what to do, and how the program ends.
struct Fault: Error, Equatable {
  var status: ExitStatus
  /// Without the program's name; empty if everything has been said.
  var message: String

  init(_ status: ExitStatus, _ message: String) {
    self.status = status
    self.message = message
  }

  /// The fault that an error amounts to; nil for those that the argument parser prints itself (its own, and help).
  init?(of error: any Error) {
    switch error {
    case let fault as Fault: self = fault
    case let error as ClientError: self.init(error)
    case let error as ActorKeyError: self.init(.notPermitted, error.description)
    case let error as KeyFileError: self.init(error)
    case let error as KeyringError: self.init(error)
    case let error as StoreError: self.init(error)
    case let error as ReportError: self.init(error)
    case let error as VendorFileError: self.init(error)
    case let error as SealingSystemError: self.init(.inputOutput, error.description)
    case let error as ServerError: self.init(error)
    case let error as SystemFault: self.init(.inputOutput, error.description)
    case is ExitCode, is CleanExit, is ValidationError: return nil
    case is CancellationError: self.init(.interrupted, "interrupted")
    default:
      // What the argument parser throws for a wrong command line has no public type, but a code of its own.
      if Pinvault.exitCode(for: error) != .failure { return nil }
      self.init(.rotten, "\(error)")
    }
  }
}

extension Fault {
  init(_ error: ClientError) {
    switch error {
    case .refused(let refusal): self.init(refusal)
    case .unknownOutcome(let change): self.init(change)
    // Nobody closes the client while a command runs, but a signal.
    case .notConnected(.closed): self.init(.interrupted, "interrupted; nothing was changed")
    case .notConnected(let disconnection):
      self.init(disconnection.status, "\(disconnection); \(disconnection.advice)")
    case .authenticationFailed(.refused):
      self.init(
        .notPermitted,
        "the server does not take this actor: check --actor and --key-file (or --certificate), or it was revoked")
    case .authenticationFailed(let failure): self.init(.notPermitted, failure.description)
    case .timeLimit(let operation):
      self.init(.unavailable, "\(operation.name): no answer within the time limit; nothing was changed, try again")
    case .protocolFault(.invalid(let field)): self.init(.usage, "the \(field) is out of range")
    case .protocolFault(let fault):
      self.init(.rotten, "server and client do not understand each other (\(fault)); use the same version of both")
    case .cancelled: self.init(.interrupted, "interrupted; nothing was changed")
    }
  }

  private init(_ change: UnsettledChange) {
    let what = "\(change.operation.name): the answer did not come, so it may or may not have been done"
    switch change.key {
    case .id(let id):
      self.init(.unknownOutcome, "\(what); ask with 'pinvault show \(id)', or give the same command with --id \(id)")
    case .purchase(let purchase): self.init(.unknownOutcome, "\(what); purchase \(purchase): see 'pinvault stock'")
    case .path(let path): self.init(.unknownOutcome, "\(what); look at \(path) on the server")
    }
  }

  init(_ refusal: Refusal) {
    self.init(Fault.status(of: refusal), refusal.advice)
  }

  private static func status(of refusal: Refusal) -> ExitStatus {
    switch refusal {
    case .invalid: .usage
    case .notPermitted, .notYours, .productNotPermitted, .approvalRequired: .notPermitted
    case .insufficientStock: .outOfStock
    case .busy, .storageFull, .stopping, .importRunning, .tooManyRequests: .tryAgain
    case .limitReached(_, _, let retryAfterMilliseconds): retryAfterMilliseconds == 0 ? .refused : .tryAgain
    case .idReused, .unknownID, .unknownProduct, .unknownPurchase, .unknownCard, .unknownActor, .nameTaken,
      .lastAdministrator, .productFrozen, .tooManyExtents, .wrongState, .deadlinePassed, .final, .withdrawn,
      .notInCustody, .outOfTurn, .cardDamaged, .oldKeyStillWorks:
      .refused
    }
  }
}

extension Disconnection {
  var status: ExitStatus { if case .turnedAway = self { .tryAgain } else { .unavailable } }

  /// What to do about it.
  var advice: String {
    switch self {
    case .unreachable, .lost, .closed: "is it running, and is --server right?"
    case .endedByServer, .silent: "does it serve with TLS (--tls, --tls-roots), or has it too many connections?"
    case .turnedAway: "try again later"
    case .tls: "check --tls, and that --tls-roots names who signed its certificate"
    case .fault: "is --server right, and does it serve without TLS (--tls)?"
    case .otherStore: "ask the operator before anything else"
    }
  }
}

extension Refusal {
  /// The refusal in a line: what, and what to do.
  var advice: String {
    switch self {
    case .invalid(let field): "the \(field) is out of range"
    case .notPermitted: "this actor's roles do not allow that; ask an administrator ('pinvault actor change')"
    case .idReused(let field): "the id was used before, for a request with another \(field); take a new id"
    case .approvalRequired(let lack):
      "this needs a second person, and \(lack); see 'pinvault approve --help'"
    case .notYours: "the id belongs to another actor"
    case .unknownID: "nothing is known of this id: what it stood for did not come to pass"
    case .unknownProduct(let product): "there is no product \(product); see 'pinvault product list'"
    case .unknownPurchase: "there is no such purchase; it was abandoned, or gave way to another"
    case .unknownCard: "there is no card with this serial"
    case .unknownActor: "there is no such actor; see 'pinvault actor list'"
    case .nameTaken: "the name or SKU is taken; choose another"
    case .lastAdministrator: "that would leave no administrator; name another one first"
    case .productFrozen(let product): "product \(product) is frozen; thaw it first ('pinvault thaw')"
    case .insufficientStock(let product, let available):
      "out of stock: \(available) of product \(product) can be had now"
    case .tooManyExtents(let limit): "stock is broken up: it would take more than \(limit) runs of cards; ask for fewer"
    case .wrongState(let state): "not possible: the reservation is \(state.name); see 'pinvault show'"
    case .deadlinePassed: "the reservation's deadline passed, and its cards went back; reserve again"
    case .final: "the sale is final: it was confirmed, or is older than the reversal window; take the card back instead"
    case .withdrawn: "cards of the reservation were withdrawn since; release it and reserve again"
    case .notInCustody(let card): "card \(card) is not where this needs it; see 'pinvault card'"
    case .cardDamaged(let card):
      "card \(card) of the sale cannot be opened, though the sale stands: tell the operator ('pinvault verify'); reverse it"
    case .productNotPermitted(let product):
      "this actor's limits do not let it sell product \(product); see 'pinvault actor show'"
    case .limitReached(let limit, let left, let retryAfterMilliseconds):
      "this actor's limit of \(limit) leaves \(left)"
        + (retryAfterMilliseconds == 0
          ? ", and this is more than all of it; ask for less"
          : "; ask for less, or try again in \((retryAfterMilliseconds + 999) / 1000) s")
    case .oldKeyStillWorks: "it has two keys already; end the old one first ('pinvault actor end-old-key')"
    case .tooManyRequests(let retryAfterMilliseconds):
      "this actor asks more often than it may; try again in \(retryAfterMilliseconds) ms"
    case .outOfTurn(let expected): "a chunk came out of turn, \(expected) is expected; import again"
    case .busy(let retryAfterMilliseconds): "the server is busy; try again in \(retryAfterMilliseconds) ms"
    case .storageFull: "the server has no room for changes (looking still works); free disk space and try again"
    case .stopping: "the server is stopping; try again when it is back, with the same --id"
    case .importRunning(let purchase): "another import is under way (purchase \(purchase)); try again when it is done"
    }
  }
}

extension Fault {
  init(_ error: KeyFileError) {
    switch error {
    case .alreadyExists: self.init(.cannotCreate, error.description)
    case .system: self.init(.inputOutput, error.description)
    case .missing, .notRegularFile, .wrongOwner, .wrongMode, .malformed, .wrongParts:
      self.init(.notPermitted, error.description)
    }
  }

  init(_ error: StoreError) {
    let text = error.description
    switch error {
    case .directoryInUse, .alreadyRunning, .stopped: self.init(.tryAgain, text)
    case .clockBehind, .clockAhead: self.init(.tryAgain, text + " (--accept-clock)")
    case .database(let problem) where problem.isOutOfSpace:
      self.init(.tryAgain, text + "; nothing is lost: make room, and start again")
    case .system(_, _, ENOSPC), .system(_, _, EDQUOT):
      self.init(.tryAgain, text + "; nothing is lost: make room, and start again")
    case .notADataDirectory: self.init(.badInput, text + "; make one with 'pinvault init'")
    case .otherFormat, .notABackup, .noSuchSequence, .foreignJournal, .payloadMissing: self.init(.badInput, text)
    case .isBackup: self.init(.badInput, text + " ('pinvault restore')")
    case .alreadyThere: self.init(.cannotCreate, text + "; nothing is overwritten: choose another place")
    case .database(let problem) where problem.isOfSystem: self.init(.inputOutput, text)
    case .stateDamaged:
      self.init(.rotten, text + "; the journal has all of it: move 'state' out of the data directory, and start again")
    case .payloadDamaged:
      self.init(
        .rotten, text + "; its cards are in the backups: see 'pinvault restore', with --journal and --head")
    case .rotten, .database, .machine:
      self.init(.rotten, text + "; do not go on: see 'pinvault verify', and restore from a backup")
    case .unfinished, .insideDataDirectory: self.init(.cannotCreate, text)
    case .system: self.init(.inputOutput, text)
    }
  }

  /// Why the store stopped by itself while it served.
  init(whileServing error: StoreError) {
    let fault = Fault(error)
    switch error {
    case .rotten, .machine: self.init(.rotten, "the store stopped: \(fault.message)")
    case _ where fault.status == .tryAgain:
      self.init(.tryAgain, "the store stopped: \(error); nothing that was told is lost: make room, and start again")
    // A commit that failed is no damage: what it was to hold is in the journal.
    default: self.init(.inputOutput, "the store stopped: \(error); start again, which recovers")
    }
  }

  init(_ error: VendorFileError) {
    switch error {
    case .cannotOpen, .cannotRead, .cannotSpool: self.init(.inputOutput, error.description)
    default: self.init(.badInput, error.description)
    }
  }
}

extension Fault {
  init(_ error: KeyringError) {
    switch error {
    case .missing, .newerFormat: self.init(.badInput, error.description)
    case .alreadyExists: self.init(.cannotCreate, error.description)
    case .wrongMasterKey: self.init(.notPermitted, error.description)
    case .damaged, .otherStore: self.init(.rotten, error.description)
    case .system: self.init(.inputOutput, error.description)
    }
  }
}

extension Fault {
  init(_ error: ServerError) {
    switch error {
    case .addressInUse: self.init(.unavailable, error.description + "; choose another with --port")
    case .cannotListen: self.init(.unavailable, error.description)
    case .clearTextRefused: self.init(.usage, error.description + " (--certificate, or --allow-clear-text)")
    case .certificate, .clientAuthorityWithoutCertificate: self.init(.usage, error.description)
    case .storeFailed: self.init(.rotten, error.description + "; start again, which recovers")
    }
  }
}
