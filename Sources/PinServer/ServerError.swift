import Glibc
import NIOCore

/// Why a server does not serve: each one clear line for an operator.
public enum ServerError: Error, Hashable, Sendable, CustomStringConvertible {
  case addressInUse(address: String, port: Int)
  case cannotListen(address: String, port: Int, reason: String)
  /// Clear text off the server's own machine, which nobody has asked for in so many words.
  case clearTextRefused(address: String)
  case certificate(path: String, reason: String)
  /// Clients' certificates were asked for without a certificate of the server's own.
  case clientAuthorityWithoutCertificate
  /// The store stopped by itself; start again, which recovers.
  case storeFailed(reason: String)

  public var description: String {
    switch self {
    case .addressInUse(let address, let port): "port \(port) of \(address) is in use by another program"
    case .cannotListen(let address, let port, let reason): "cannot listen on port \(port) of \(address): \(reason)"
    case .clearTextRefused(let address):
      "refusing to listen in clear on \(address), which others can reach: give a certificate, or allow clear text"
    case .certificate(let path, let reason): "cannot use \(path) for TLS: \(reason)"
    case .clientAuthorityWithoutCertificate: "clients' certificates need TLS: give a certificate and its key"
    case .storeFailed(let reason): "the store stopped: \(reason)"
    }
  }
}

/// An error of the system or of NIO in the words an operator knows.
func describe(_ error: any Error) -> String {
  switch error {
  case let error as IOError: String(cString: strerror(error.errnoCode))
  case is SocketAddressError.UnknownHost: "no address is known for this name"
  default: "\(error)"
  }
}
