import Cryptography
import Foundation
import Testing

/// Envelopes that were changed, cut or swapped, and keys that do not belong to them.
@Suite struct CMSDamageTests {
    private let plain = Array("the plaintext".utf8)

    /// Flips each bit that `isTried` selects and collects the bytes where the flip was not noticed.
    private func unnoticedFlips(
        in sealed: [UInt8], _ key: RecoveryKey, isTried: (_ byte: Int, _ bit: Int) -> Bool = { _, _ in true }
    ) throws -> Set<Int> {
        #expect(try open(sealed, with: key) == plain)
        var unnoticed: Set<Int> = []
        for byte in sealed.indices {
            for bit in 0..<8 where isTried(byte, bit) {
                var damaged = sealed
                damaged[byte] ^= 1 << bit
                if let content = try? open(damaged, with: key) {
                    #expect(content == plain, "bit \(bit) of byte \(byte) changes the content")
                    unnoticed.insert(byte)
                }
            }
        }
        return unnoticed
    }

    @Test func `no flipped bit passes for a curve`() throws {
        let own = try TestKey.ec.get()
        let sealed = try seal(plain, to: [own.certificate])
        #expect(try unnoticedFlips(in: sealed, own.key()) == [])
    }

    /// An ephemeral key whose sign, or whose last bits, happen to be zero has more than one encoding.
    @Test func `no flipped bit passes in any ephemeral key`() throws {
        let own = try TestKey.ec.get()
        for _ in 0..<24 {
            let sealed = try seal(plain, to: [own.certificate])
            let start = try #require(sealed.firstRange(of: [3, 0x42, 0, 4])).lowerBound
            #expect(try unnoticedFlips(in: sealed, own.key()) { byte, _ in start..<start + 4 ~= byte } == [])
        }
    }

    @Test func `no flipped bit passes for RSA`() throws {
        let own = try TestKey.rsa.get()
        let sealed = try seal(plain, to: [own.certificate])
        // The bytes after the recipients are the same for every kind of key. Within the encrypted key each trial costs
        // an RSA operation, so one bit of every eighth byte is tried there.
        let start = try #require(sealed.firstRange(of: [4, 0x82, 1, 0x80])).upperBound
        let unnoticed = try unnoticedFlips(in: sealed, own.key()) { byte, bit in
            byte < start || byte < start + 384 && byte % 8 == 0 && bit == byte / 8 % 8
        }
        #expect(unnoticed == [])
    }

    /// The parts of an envelope that its content's tag does not cover: the other recipients with their wrapped keys
    /// and, for a key whose certificate is unknown, the name of the recipient. A change there leaves the content
    /// unchanged; the object's own hash in the index reveals it.
    @Test func `undetected bit flips affect only parts of the envelope that the key does not cover`() throws {
        let (own, other) = (try TestKey.ec.get(), try TestKey.otherEC.get())
        let one = try seal(plain, to: [own.certificate])
        let name = try #require(one.firstRange(of: issuerAndSerial(own)))
        let wholeName = name.lowerBound - 8..<name.upperBound  // with the headers of the sequences around it
        #expect(try unnoticedFlips(in: one, own.key(knowsCertificate: false)).subtracting(wholeName) == [])

        let two = try seal(plain, to: [own.certificate, other.certificate])
        // DER sorts a set, so the recipient with the shorter name comes first; its part ends with the wrapped key.
        let ownEnd = try #require(two.firstRange(of: issuerAndSerial(own))).upperBound + 2 + 40
        let start = try #require(two.dropFirst(ownEnd).firstRange(of: [0x30, 0x80, 6, 9])).lowerBound
        let unnoticed = try unnoticedFlips(in: two, own.key()) { byte, _ in byte < start }
        #expect(!unnoticed.isEmpty)
        #expect(unnoticed.subtracting(ownEnd..<start) == [])
    }

    /// A cut envelope never counts as whole, for any length.
    @Test(arguments: KeyKind.allCases) func `no cut passes`(_ kind: KeyKind) throws {
        let own = try kind.key()
        let key = try own.key()
        let sealed = try seal(noise(200_000), to: [own.certificate])
        let step = kind == .p256 ? 1 : kind.isRSA ? 17 : 5  // each costs an operation with the key
        let cuts =
            Array(stride(from: 0, to: 700, by: step)) + Array(stride(from: 700, to: sealed.count, by: 5003))
            + Array(stride(from: sealed.count - 300, to: sealed.count, by: step))
        for count in cuts {
            let decryptor = CMSDecryptor(with: key) { _ in }
            try decryptor.write(sealed.span.bytes.extracting(0..<count))
            let error = #expect(throws: CMSError.self) { try decryptor.finish() }
            #expect(error?.reason == .authentication)
        }
    }

    @Test(arguments: [([0], 1), ([0x30, 0], 1), ([0x30], 70_000)] as [([UInt8], Int)])
    func `nothing may follow`(_ bytes: [UInt8], times: Int) throws {
        let rest = Array(repeatElement(bytes, count: times).joined())
        let own = try TestKey.ec.get()
        let sealed = try seal(plain, to: [own.certificate])
        #expect(throws: CMSError.self) { try open(sealed + rest, with: own.key()) }
    }

    /// Whole pieces of content removed, doubled, swapped, or taken from another envelope for the same key.
    @Test func `pieces cannot be moved`() throws {
        let own = try TestKey.ec.get()
        let piece = 5 + 65_536
        let sealed = try seal(noise(4 * 65_536), to: [own.certificate])
        let other = try seal(noise(4 * 65_536, seed: 2), to: [own.certificate])
        let start = try #require(sealed.firstRange(of: [4, 0x83, 1, 0, 0])).lowerBound
        func pieces(_ envelope: [UInt8], _ numbers: [Int]) -> [UInt8] {
            numbers.flatMap { envelope[start + $0 * piece..<start + ($0 + 1) * piece] }
        }
        let (head, tail) = (sealed[..<start], sealed[(start + 4 * piece)...])
        #expect(try open(head + pieces(sealed, [0, 1, 2, 3]) + tail, with: own.key()) == noise(4 * 65_536))
        for order in [[], [0, 1, 2], [0, 2, 1, 3], [0, 0, 1, 2, 3]] {
            #expect(throws: CMSError.self) { try open(head + pieces(sealed, order) + tail, with: own.key()) }
        }
        let mixed = pieces(sealed, [0, 1]) + pieces(other, [2, 3])
        #expect(throws: CMSError.self) { try open(head + mixed + tail, with: own.key()) }
        #expect(throws: CMSError.self) {
            try open(other[..<start] + pieces(sealed, [0, 1, 2, 3]) + tail, with: own.key())
        }
    }

    /// Noise instead of an envelope and inside one: an error, never a trap.
    @Test func `noise is refused`() throws {
        let own = try TestKey.ec.get()
        let key = try own.key()
        let sealed = try seal(noise(300), to: [own.certificate])
        for seed in 0..<500 as Range<UInt64> {
            let wild = noise(64, seed: seed &* 0x9E37_79B9_7F4A_7C15)
            #expect(throws: CMSError.self) { try open(wild, with: key) }
            let place = Int(seed) % (sealed.count - 8)
            let damaged = sealed[..<place] + wild.prefix(8) + sealed[(place + 8)...]
            #expect(throws: CMSError.self) { try open(Array(damaged), with: key) }
        }
    }

    /// Issuer `CN=NAME` and a serial number of 16 bytes, as DER.
    private func issuerAndSerial(_ key: TestKey) throws -> [UInt8] {
        let serial = try #require([UInt8](hex: key.certificate.x509.serial.lowercased()))
        return [6, 3, 0x55, 4, 3, 12, UInt8(key.name.utf8.count)] + key.name.utf8 + [2, 16] + serial
    }
}
