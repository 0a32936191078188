import Foundation
import Testing

@testable import Cryptography

@Suite struct DigestTests {
    private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func `hexadecimal goes both ways`() {
        let bytes = [UInt8](0...255)
        #expect(bytes.hex.hasPrefix("000102030405060708090a0b0c0d0e0f10"))
        #expect(bytes.hex.hasSuffix("fcfdfeff"))
        #expect([UInt8](hex: bytes.hex) == bytes)
        #expect([UInt8](hex: "") == [])
    }

    @Test(arguments: ["0", "0g", "AB", "0x", " 0", "é0", "00\n"])
    func `other text is not hexadecimal`(text: String) {
        #expect([UInt8](hex: text) == nil)
    }

    @Test func `a digest is 64 lower-case digits, no more and no less`() throws {
        let digest = try #require(Digest(hex: Self.abc))
        #expect(digest == Digest(of: Array("abc".utf8)))
        #expect("\(digest)" == Self.abc)
        #expect(Digest(hex: Self.abc.uppercased()) == nil)
        #expect(Digest(hex: String(Self.abc.dropLast(2))) == nil)
        #expect(Digest(hex: Self.abc + "00") == nil)
    }

    @Test func `digests order as their text does`() {
        let digests = (0..<50).map { Digest(of: [UInt8($0)]) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }

    @Test func `a digest is a string in JSON, and a wrong one is refused`() throws {
        let digest = Digest(of: Array("abc".utf8))
        #expect(String(decoding: try JSONEncoder().encode([digest]), as: UTF8.self) == "[\"\(Self.abc)\"]")
        #expect(try JSONDecoder().decode([Digest].self, from: Data("[\"\(Self.abc)\"]".utf8)) == [digest])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Digest].self, from: Data("[\"abc\"]".utf8)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([Digest].self, from: Data("[1]".utf8)) }
    }

    @Test func `random identities are 32 digits and differ`() {
        let made = Set((0..<1000).map { _ in RandomID.make() })
        #expect(made.count == 1000)
        #expect(made.allSatisfy { $0.utf8.count == 32 && [UInt8](hex: $0) != nil })
    }
}
