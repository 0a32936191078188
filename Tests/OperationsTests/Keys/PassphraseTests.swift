import Cryptography
import Documents
import Foundation
import Lab
import Platform
import Testing

@testable import Operations

@Suite struct PassphraseTests {
    @Test func `a passphrase comes from a file of this user only`() throws {
        let folder = try TemporaryFolder("passphrase")
        let path = "\(folder.path)/p"
        try Data("correct horse\n".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let error = #expect(throws: DocumentError.self) { try PassphraseSource.file(path).read(environment: [:]) }
        #expect(error?.description.contains("can be read by other users") == true)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(try PassphraseSource.file(path).read(environment: [:]) == Array("correct horse".utf8))
    }

    @Test func `a passphrase comes from a command line, with pipes and quotes`() throws {
        let source = PassphraseSource.command("printf '%s\\n' 'correct  horse' second | cat")
        #expect(try source.read(environment: ["PATH": "/usr/bin:/bin"]) == Array("correct  horse".utf8))
        #expect(throws: DocumentError.self) { try PassphraseSource.command("exit 3").read(environment: [:]) }
    }

    @Test(arguments: [("abc", false), ("abcd", true), (String(repeating: "x", count: 1025), false)])
    func `a new passphrase has a length that OpenSSL accepts`(_ text: String, _ fits: Bool) throws {
        let choice = NewPassphrase(source: .command("printf %s '\(text)'"))
        let passphrase = try? choice.choose(for: "k", .recovery, isRequired: true)
        #expect(passphrase == (fits ? Array(text.utf8) : nil))
    }

    @Test func `two keys are never written over`() throws {
        let folder = try TemporaryFolder("creation")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
        let creation = KeyCreation(.signing, kind: .p256, keyFile: "\(folder.path)/k")
        let made = try creation.write(passphrase: nil)
        #expect(made.certificate == "\(folder.path)/k.crt" && !made.hasPassphrase)
        #expect(throws: UsageError.self) { try creation.write(passphrase: nil) }
        let signer = try SigningIdentity.load(certificate: made.certificate, privateKey: made.key)
        #expect(signer.certificate.fingerprint.hex == made.fingerprint)
    }

    @Test func `the signing key beside a configuration is taken again, not made anew`() throws {
        let folder = try TemporaryFolder("host")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: folder.path)
        let first = try HostSigningKey(in: folder.path)
        let second = try HostSigningKey(in: folder.path)
        #expect(first.isNew && !second.isNew && first.fingerprint == second.fingerprint)
        try FileManager.default.removeItem(atPath: first.certificate)
        // Half of a pair is the operator's to sort out.
        #expect(throws: UsageError.self) { try HostSigningKey(in: folder.path) }
    }
}
