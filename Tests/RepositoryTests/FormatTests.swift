import Foundation
import Testing

@testable import Repository

@Suite struct TimestampTests {
    @Test(arguments: [
        ("20261123T020000Z", 1_795_399_200), ("19700101T000000Z", 0), ("20240229T235959Z", 1_709_251_199),
        ("20381231T235960Z", nil), ("20260631T000000Z", nil), ("2026-11-23T02:00:00Z", nil), ("20261123T020000", nil),
        ("20261123T0200００Z", nil), ("", nil),
    ]) func namesOneMoment(text: String, seconds: Int?) {
        #expect(Timestamp(text)?.seconds == seconds)
        if let seconds { #expect(Timestamp(seconds: seconds).description == text) }
    }

    @Test func textOrderIsTimeOrder() {
        let moments = [0, 1, 59, 86_400, 1_795_399_200, 4_102_444_800].map { Timestamp(seconds: $0) }
        #expect(moments.map(\.description).sorted() == moments.map(\.description))
    }
}

@Suite struct SealedDocumentTests {
    private struct Sample: Codable, Equatable {
        var format = 1
        var text = "ä/\"x\""
    }

    @Test func headAndSha256sumCheckIt() throws {
        let bytes = try SealedDocument.encode(Sample())
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("\"}\n"))
        #expect(try SealedDocument.decode(Sample.self, bytes, name: "x") == Sample())
        #expect(try JSONDecoder().decode(Sample.self, from: Data(bytes)) == Sample())
    }

    @Test func everyFlippedBitIsFound() throws {
        let bytes = try SealedDocument.encode(Sample())
        for position in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << bit
                // A flip that raises the format number reads as a newer version: refused just the same.
                #expect(throws: RepositoryError.self) {
                    try SealedDocument.decode(Sample.self, damaged, name: "x")
                }
            }
        }
    }

    @Test func everyTruncationIsFound() throws {
        let bytes = try SealedDocument.encode(Sample())
        for count in bytes.indices {
            #expect(throws: RepositoryError.self) {
                try SealedDocument.decode(Sample.self, Array(bytes.prefix(count)), name: "x")
            }
        }
    }

    @Test func aNewerFormatIsRefusedByName() throws {
        let error = #expect(throws: RepositoryError.self) {
            let bytes = try SealedDocument.encode(Sample(format: 2))
            _ = try SealedDocument.decode(Sample.self, bytes, name: "x")
        }
        #expect(error?.reason == .newerVersion)
    }
}

@Suite struct RestorePathTests {
    @Test(arguments: ["a", "a/b", "a/", "a b/\n", "..a", "a../b", "...", "-rf"])
    func relativePathsAreSafe(path: String) { #expect(RestorePath.isSafe(Array(path.utf8))) }

    @Test(arguments: ["", "/", "/a", "..", "../a", "a/../b", "a/..", ".", "a/./b", "a//b", "a//", "a\0b"])
    func nothingLeadsOutside(path: String) { #expect(!RestorePath.isSafe(Array(path.utf8))) }
}

@Suite struct LayoutTests {
    @Test(arguments: [
        ("prometheus", true), ("a-1", true), ("sets", false), ("marks", false), ("", false), ("A", false),
        ("a/b", false),
        ("a_b", false), (String(repeating: "x", count: 65), false),
    ]) func componentNames(name: String, isGood: Bool) { #expect(Layout.isComponentName(name) == isGood) }
}
