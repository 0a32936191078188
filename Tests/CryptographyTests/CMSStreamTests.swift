import Cryptography
import Foundation
import Testing

/// Envelopes as streams: pieces of any size, no delay of data, permanent errors.
@Suite struct CMSStreamTests {
    /// Encryptor and decryptor in a row: all input has been output, except for one piece of 64 KiB.
    @Test func `nothing is held back`() throws {
        let own = try TestKey.ec.get()
        let chunk = noise(300_000)
        var (into, between, out) = (0, 0, 0)
        let decryptor = try CMSDecryptor(with: own.key()) { out += $0.byteCount }
        let encryptor = try CMSEncryptor(to: [own.certificate]) {
            between += $0.byteCount
            try decryptor.write($0)
        }
        for _ in 0..<200 {
            try encryptor.write(chunk.span.bytes)
            into += chunk.count
            #expect(into - out < 65_536)
        }
        try encryptor.finish()
        try decryptor.finish()
        #expect(out == into)
        #expect(between - into < into / 10_000 + 500)
    }

    /// The structure of the ciphertext does not show the pieces of the plaintext, and reading does not depend on
    /// pieces.
    @Test(arguments: [1, 2, 3, 7, 1000, 65_535, 65_536, 65_537, 200_000])
    func `pieces do not matter`(_ step: Int) throws {
        let own = try TestKey.ec.get()
        let plain = noise(step < 7 ? 1000 : 200_000)
        let sealed = try seal(plain, to: [own.certificate], step: step)
        #expect(try open(sealed, with: own.key(), step: step) == plain)
        let whole = try seal(plain, to: [own.certificate], step: plain.count)
        #expect(sealed.count == whole.count)
    }

    @Test func `the same twice is encrypted differently`() throws {
        let own = try TestKey.ec.get()
        #expect(try seal([1, 2, 3], to: [own.certificate]) != seal([1, 2, 3], to: [own.certificate]))
    }

    /// Definite and indefinite lengths, nested and empty pieces: all that X.690 allows for the content.
    @Test func `every form of content is read`() throws {
        let own = try TestKey.ec.get()
        let key = try own.key()
        let plain = Array("what is this".utf8)
        let sealed = try seal(plain, to: [own.certificate])
        let contentHeader: [UInt8] = [0xA0, 0x80, 4, 12]
        let start = try #require(sealed.lastRange(of: contentHeader))
        let ciphertext = sealed[start.upperBound..<start.upperBound + 12]
        func swapped(_ content: [UInt8]) -> [UInt8] {
            sealed[..<start.lowerBound] + content + sealed[(start.upperBound + 12 + 2)...]
        }
        let (a, b) = (Array(ciphertext.prefix(5)), Array(ciphertext.dropFirst(5)))
        let forms: [[UInt8]] = [
            [0x80, 12] + a + b,
            [0x80, 0x84, 0, 0, 0, 12] + a + b,
            [0xA0, 16, 4, 5] + a + [4, 7] + b,
            [0xA0, 0x80, 4, 5] + a + [4, 0, 4, 7] + b + [4, 0, 0, 0],
            [0xA0, 0x80, 0x24, 0x80, 4, 5] + a + [0, 0, 0x24, 9, 4, 7] + b + [0, 0],
            [0xA0, 20, 0x24, 0x80, 4, 5] + a + [0, 0, 4, 7] + b,
        ]
        for form in forms { #expect(try open(swapped(form), with: key) == plain) }

        let deep = [UInt8]((0..<40).flatMap { _ in [0x24, 0x80] as [UInt8] })
        let wrong: [[UInt8]] = [
            [0xA0, 16, 4, 5] + a + [5, 7] + b,  // another element among the pieces
            [0xA0, 15, 4, 5] + a + [4, 7] + b,  // a piece longer than the whole
            [0xA0, 17, 4, 5] + a + [4, 7] + b + [0],  // half an element
            [0x80, 0x80] + a + b + [0, 0],  // primitive and indefinite
            [0xA0, 0x80, 4, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1] + a + b,
            [0xA0, 0x80, 4, 0x88, 255, 255, 255, 255, 255, 255, 255, 255] + a + b,
            [0xA0, 0x80, 4, 0x88, 127, 255, 255, 255, 255, 255, 255, 255] + a + b,
            [0xA0, 0x80] + deep + [4, 5] + a,
            [0xA0, 0x80, 0x3F, 0x81, 1, 5] + a,
        ]
        for form in wrong { #expect(throws: CMSError.self) { try open(swapped(form), with: key) } }
    }

    /// A header without end is refused before it fills the memory.
    @Test func `long headers are refused`() throws {
        let own = try TestKey.ec.get()
        let sealed = try seal([1], to: [own.certificate])
        let start = try #require(sealed.firstRange(of: [2, 1, 0, 0x31])).upperBound
        let decryptor = try CMSDecryptor(with: own.key()) { _ in }
        try decryptor.write(sealed.span.bytes.extracting(0..<start))
        let length: [UInt8] = [0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x30, 0x84, 0x7F, 0xFF, 0, 0]
        try decryptor.write(length.span.bytes)
        let filler = [UInt8](repeating: 0x30, count: 1000)
        var written = 0
        let error = #expect(throws: CMSError.self) {
            while written < 10 << 20 {
                try decryptor.write(([4, 0x82, 3, 232] + filler).span.bytes)
                written += filler.count
            }
        }
        #expect(error?.reason == .tooLarge)
        #expect(written < 300_000)
    }

    private struct Full: Error {}

    @Test func `errors of the sink come through and stick`() throws {
        let own = try TestKey.ec.get()
        let encryptor = try CMSEncryptor(to: [own.certificate]) { _ in throw Full() }
        let bytes = noise(10)
        #expect(throws: Full.self) { try encryptor.write(bytes.span.bytes) }
        #expect(throws: CMSError.self) { try encryptor.finish() }

        let sealed = try seal(bytes, to: [own.certificate])
        let decryptor = try CMSDecryptor(with: own.key()) { _ in throw Full() }
        #expect(throws: Full.self) { try decryptor.write(sealed.span.bytes) }
        #expect(throws: CMSError.self) { try decryptor.finish() }
    }

    @Test func `nothing follows the end`() throws {
        let own = try TestKey.ec.get()
        var sealed: [UInt8] = []
        let encryptor = try CMSEncryptor(to: [own.certificate]) { append($0, to: &sealed) }
        try encryptor.finish()
        let bytes: [UInt8] = [1]
        #expect(throws: CMSError.self) { try encryptor.write(bytes.span.bytes) }
        #expect(throws: CMSError.self) { try encryptor.finish() }
        #expect(try open(sealed, with: own.key()) == [])
    }

    @Test func `someone has to receive`() throws {
        #expect(throws: CMSError.self) { try CMSEncryptor(to: []) { _ in } }
    }

    /// Keys and certificates are shared by all threads of a restore.
    @Test func `one key serves many threads`() async throws {
        let own = try TestKey.rsa.get()
        let key = try own.key()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for index in 0..<8 {
                group.addTask { () throws in
                    let plain = noise(100_000 + index)
                    let opened = try open(seal(plain, to: [own.certificate]), with: key)
                    #expect(opened == plain)
                }
            }
            try await group.waitForAll()
        }
    }
}
