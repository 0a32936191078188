internal import COpenSSL

/// A private key in memory.
package final class PrivateKey: @unchecked Sendable {
    // Unchecked: an EVP_PKEY does not change after it is read, and OpenSSL allows any number of threads to use one.
    let pointer: OpaquePointer

    /// Reads a PEM private key: PKCS #8, encrypted or not, or one of the older forms.
    /// - Parameters:
    ///   - name: the name of the file in messages.
    ///   - passphrase: called at most once, and only for an encrypted key; returns nil if there is no passphrase.
    /// - Throws: `.notAKey`, `.passphrase`, or what `passphrase` throws.
    package init(pem: [UInt8], name: String, passphrase: () throws -> [UInt8]?) throws {
        let source = OpenSSLHandle.reading(pem)
        let key = try withoutActuallyEscaping(passphrase) { ask in
            let question = PassphraseQuestion(ask)
            let key = withExtendedLifetime(question) {
                PEM_read_bio_PrivateKey(
                    source.pointer, nil, answerPassphrase, Unmanaged.passUnretained(question).toOpaque())
            }
            if key == nil, let failure = question.failure(name: name) {
                ERR_clear_error()
                throw failure
            }
            return key
        }
        guard let key else {
            let reason = OpenSSL.takeReason()
            throw CMSError(
                .notAKey, operation: "read private key '\(name)'",
                reason == "no start line" || reason == "unsupported" ? "the file contains no PEM private key" : reason)
        }
        pointer = key
        ERR_clear_error()
    }

    deinit { EVP_PKEY_free(pointer) }

    /// Reads a PEM file.
    /// - Throws: as ``init(pem:name:passphrase:)``, and `.unreadable`.
    package static func load(_ path: String, passphrase: () throws -> [UInt8]? = { nil }) throws -> PrivateKey {
        try PrivateKey(pem: PEMFile.read(path, as: "private key"), name: path, passphrase: passphrase)
    }

    package var algorithm: KeyAlgorithm { KeyAlgorithm(pointer) }

    var isRSA: Bool { EVP_PKEY_is_a(pointer, "RSA") == 1 }
    var isEC: Bool { EVP_PKEY_is_a(pointer, "EC") == 1 }

    package func belongs(to certificate: X509Certificate) throws(CMSError) -> Bool {
        let handle = try certificate.makeHandle()
        defer { ERR_clear_error() }
        return X509_check_private_key(handle.pointer, pointer) == 1
    }
}

/// Passes the request for a passphrase through OpenSSL's C frames, and the error of the answer back.
private final class PassphraseQuestion {
    private let ask: () throws -> [UInt8]?
    private var outcome: Outcome = .notAsked
    private enum Outcome { case notAsked, answered, noAnswer, tooLong, threw(any Error) }

    init(_ ask: @escaping () throws -> [UInt8]?) { self.ask = ask }

    func answer(into buffer: UnsafeMutableBufferPointer<CChar>) -> CInt {
        do {
            guard let passphrase = try ask() else {
                outcome = .noAnswer
                return -1
            }
            guard passphrase.count <= buffer.count else {
                outcome = .tooLong
                return -1
            }
            for (index, byte) in passphrase.enumerated() { buffer[index] = CChar(bitPattern: byte) }
            outcome = .answered
            return CInt(passphrase.count)
        } catch {
            outcome = .threw(error)
            return -1
        }
    }

    /// Returns the error if the passphrase is the reason why the key was not read.
    func failure(name: String) -> (any Error)? {
        func refused(_ detail: String) -> CMSError {
            CMSError(.passphrase, operation: "read private key '\(name)'", detail)
        }
        return switch outcome {
        case .notAsked: nil
        case .answered: refused("the passphrase is wrong")
        case .noAnswer: refused("the key is encrypted and no passphrase was given")
        case .tooLong: refused("the passphrase is longer than OpenSSL accepts")
        case .threw(let error): error
        }
    }
}

private func answerPassphrase(
    buffer: UnsafeMutablePointer<CChar>?, size: CInt, isForWriting: CInt, context: UnsafeMutableRawPointer?
) -> CInt {
    guard let buffer, let context else { return -1 }
    let question = Unmanaged<PassphraseQuestion>.fromOpaque(context).takeUnretainedValue()
    return question.answer(into: UnsafeMutableBufferPointer(start: buffer, count: Int(size)))
}
