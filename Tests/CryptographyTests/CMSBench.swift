import Cryptography
import Foundation
import Testing

/// The shared parts of the CMS tests: a folder, keys made once, and the stock `openssl`.
struct CMSBench {
    let folder = Scratch()

    /// Writes a file that openssl reads.
    func file(_ name: String, _ content: [UInt8]) throws -> String {
        let path = folder.url.appending(path: name).path
        try Data(content).write(to: URL(filePath: path))
        return path
    }

    func read(_ name: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: folder.url.appending(path: name))) }

    /// - Returns: its standard output.
    @discardableResult
    func openssl(_ arguments: String...) throws -> String { try openssl(arguments) }

    @discardableResult
    func openssl(_ arguments: [String]) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: "/usr/bin/openssl")
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        let log = folder.url.appending(path: "openssl-\(UUID().uuidString).log")
        try Data().write(to: log)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let complaint = try String(contentsOf: log, encoding: .utf8)
            throw Refusal(description: "openssl \(arguments.joined(separator: " ")): \(complaint)")
        }
        return text
    }

    struct Refusal: Error, CustomStringConvertible { let description: String }

    final class Scratch: Sendable {
        let url = FileManager.default.temporaryDirectory.appending(path: "dr-cms-\(UUID().uuidString)")
        init() { try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(at: url) }
    }
}

/// A key pair made for the tests, in every form that they need.
struct TestKey: Sendable {
    let name: String
    let pair: KeyPair
    let certificate: RecoveryCertificate

    init(_ name: String, _ kind: KeyKind) throws {
        self.name = name
        pair = try .generate(commonName: name, kind: kind, now: Date())
        certificate = try #require(
            try RecoveryCertificate.all(in: Array(pair.certificatePEM.utf8), name: "\(name).crt").first)
    }

    /// - Parameter knowsCertificate: true if the key is loaded together with its certificate.
    func key(knowsCertificate: Bool = true) throws -> RecoveryKey {
        try RecoveryKey(
            pem: Array(pair.privateKeyPEM.utf8), name: "\(name).key",
            certificates: knowsCertificate ? [certificate] : [])
    }

    // Making an RSA key takes long, so each is made once.
    static let rsa = Result { try TestKey("rsa", .rsa3072) }
    static let ec = Result { try TestKey("ec", .p256) }
    static let otherRSA = Result { try TestKey("other rsa", .rsa3072) }
    static let otherEC = Result { try TestKey("other ec", .p256) }
    static let longRSA = Result { try TestKey("long rsa", .rsa4096) }
    static let longEC = Result { try TestKey("long ec", .p384) }
}

extension KeyKind: CustomTestStringConvertible {
    public var testDescription: String { rawValue }

    func key() throws -> TestKey {
        switch self {
        case .rsa3072: try TestKey.rsa.get()
        case .rsa4096: try TestKey.longRSA.get()
        case .p256: try TestKey.ec.get()
        case .p384: try TestKey.longEC.get()
        }
    }

    /// Returns another key, of the same kind or the shorter one of its kind.
    func stranger() throws -> TestKey { try (isRSA ? TestKey.otherRSA : TestKey.otherEC).get() }
}

/// Returns bytes without a pattern, the same ones each time.
func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    seed == 1 ? Array(Noise.first.prefix(count)) : Noise.make(count, seed)
}

private enum Noise {
    static let first = make(6 << 20, 1)

    /// A linear congruential generator with Knuth's constants.
    static func make(_ count: Int, _ seed: UInt64) -> [UInt8] {
        var state = seed
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            for index in 0..<count {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                buffer[index] = UInt8(truncatingIfNeeded: state >> 56)
            }
            filled = count
        }
    }
}

func append(_ bytes: RawSpan, to array: inout [UInt8]) { bytes.withUnsafeBytes { array.append(contentsOf: $0) } }

/// Encrypts in pieces of `step` bytes.
func seal(_ plain: [UInt8], to recipients: [RecoveryCertificate], step: Int = 100_000) throws -> [UInt8] {
    var sealed: [UInt8] = []
    let encryptor = try CMSEncryptor(to: recipients) { append($0, to: &sealed) }
    for start in stride(from: 0, to: plain.count, by: step) {
        try encryptor.write(plain.span.bytes.extracting(start..<min(start + step, plain.count)))
    }
    try encryptor.finish()
    return sealed
}

/// Decrypts in pieces of `step` bytes.
func open(_ sealed: [UInt8], with key: RecoveryKey, step: Int = 100_000) throws -> [UInt8] {
    var plain: [UInt8] = []
    let decryptor = CMSDecryptor(with: key) { append($0, to: &plain) }
    for start in stride(from: 0, to: sealed.count, by: step) {
        try decryptor.write(sealed.span.bytes.extracting(start..<min(start + step, sealed.count)))
    }
    try decryptor.finish()
    return plain
}
