import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// An error of the system, of NIO or of TLS in the words an operator knows.
func describe(_ error: any Error) -> String {
  switch error {
  case let error as NIOConnectionError: describe(error)
  case let error as IOError: String(cString: strerror(error.errnoCode))
  case is SocketAddressError.UnknownHost: "no address is known for this name"
  case ChannelError.connectTimeout: "no answer"
  case let error as ChannelError: describe(error)
  case let error as NIOSSLError: describe(error)
  case let error as BoringSSLError: describe(error)
  case let error as NIOSSLExtraError where error == .failedToValidateHostname:
    "the server's certificate is for another name"
  default: "\(error)"
  }
}

private func describe(_ error: NIOConnectionError) -> String {
  if let attempt = error.connectionErrors.first { return describe(attempt.error) }
  return (error.dnsAError ?? error.dnsAAAAError).map(describe) ?? "no address is known for \(error.host)"
}

private func describe(_ error: ChannelError) -> String {
  switch error {
  case .eof, .ioOnClosedChannel, .alreadyClosed, .inputClosed, .outputClosed: "it is closed"
  default: "\(error)"
  }
}

private func describe(_ error: NIOSSLError) -> String {
  switch error {
  case .handshakeFailed(let error), .shutdownFailed(let error): describe(error)
  case .noSuchFilesystemObject: "no such file"
  case .failedToLoadCertificate: "not a PEM file of certificates"
  case .failedToLoadPrivateKey: "not a PEM file of a private key"
  case .uncleanShutdown: "cut off"
  case .noCertificateToValidate, .unableToValidateCertificate: "the server's certificate cannot be checked"
  default: "\(error)"
  }
}

/// BoringSSL tells its reason last, in capitals: `error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …`.
private func describe(_ error: BoringSSLError) -> String {
  switch error {
  case .sslError(let stack), .unknownError(let stack), .invalidSNIName(let stack), .failedToSetALPN(let stack):
    guard let first = stack.first else { return "it broke off" }
    if first == .eofDuringHandshake { return "the server closed the connection" }
    let words = first.description.split(separator: " at ").first?.split(separator: ":").last ?? "unknown"
    return words.lowercased().replacing("_", with: " ")
  case .zeroReturn, .syscallError: return "it broke off"
  default: return "\(error)"
  }
}
