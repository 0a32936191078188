package import Cryptography
import Documents
import FoundationEssentials
package import Platform

/// Creates a private key and its certificate as two files. It never replaces a file.
package struct KeyCreation {
    package var purpose: KeyPurpose
    package var kind: KeyKind
    /// The name in the certificate.
    package var commonName: String
    package var keyFile: String
    package var certificateFile: String

    /// - Parameter certificateFile: nil for the key's name with `.crt` appended.
    package init(
        _ purpose: KeyPurpose, kind: KeyKind = .rsa3072, commonName: String? = nil, keyFile: String,
        certificateFile: String? = nil
    ) {
        self.purpose = purpose
        self.kind = kind
        self.commonName = commonName ?? "dr \(purpose.rawValue)"
        self.keyFile = keyFile
        self.certificateFile = certificateFile ?? "\(keyFile).crt"
    }

    /// The created files.
    package struct Result: Encodable {
        package var key: String
        package var certificate: String
        package var purpose: String
        package var kind: String
        /// The SHA-256 of the certificate.
        package var fingerprint: String
        package var hasPassphrase: Bool
    }

    /// - Throws: `UsageError` if a file exists.
    package func checkFiles() throws {
        for file in [keyFile, certificateFile] where FileManager.default.fileExists(atPath: file) {
            throw UsageError("'\(file)' exists already, and a \(purpose.rawValue) key is never overwritten")
        }
    }

    /// Creates the key and writes both files. Blocks.
    /// - Throws: `UsageError` if a file exists; `CMSError`; `FileError`; `DocumentError` if other users can replace files
    ///   in the key's folder.
    package func write(passphrase: [UInt8]?, clock: WallClock = .system) throws -> Result {
        try checkFiles()
        let pair = try KeyPair.generate(
            commonName: commonName, for: purpose, kind: kind, now: clock.now, passphrase: passphrase)
        // The key first, readable by its owner only from the first byte.
        try OutputFile.create(Array(pair.privateKeyPEM.utf8), at: keyFile, mode: 0o600)
        do {
            try DocumentError.refuseUntrusted(keyFile, .privateKey)
            try OutputFile.create(Array(pair.certificatePEM.utf8), at: certificateFile, mode: 0o644)
        } catch {
            try? FileManager.default.removeItem(atPath: keyFile)
            throw error
        }
        let certificate = try X509Certificate.all(in: Array(pair.certificatePEM.utf8), name: certificateFile)[0]
        return Result(
            key: keyFile, certificate: certificateFile, purpose: purpose.rawValue, kind: kind.rawValue,
            fingerprint: certificate.fingerprint.hex, hasPassphrase: passphrase != nil)
    }
}
