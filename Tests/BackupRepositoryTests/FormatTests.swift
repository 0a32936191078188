import Archiving
import Cryptography
import Foundation
import Testing
@testable import BackupRepository

@Suite struct TimestampTests {
    @Test(arguments: [
        ("20261123T020000Z", 1_795_399_200), ("19700101T000000Z", 0), ("20240229T235959Z", 1_709_251_199),
        ("20381231T235960Z", nil), ("20260631T000000Z", nil), ("2026-11-23T02:00:00Z", nil), ("20261123T020000", nil),
        ("20261123T0200００Z", nil), ("", nil), ("99991231T235959Z", 253_402_300_799), ("19691231T235959Z", nil),
        ("00000101T000000Z", nil),
    ]) func `names one moment`(text: String, seconds: Int?) {
        #expect(Timestamp(text)?.seconds == seconds)
        if let seconds { #expect(Timestamp(seconds: seconds).description == text) }
    }

    @Test(arguments: [(Int.max, "99991231T235959Z"), (.min, "00000101T000000Z"), (-1, "19691231T235959Z")])
    func `every number of seconds has a name of 16 characters`(seconds: Int, name: String) {
        #expect(Timestamp(seconds: seconds).description == name)
    }

    @Test func `text order is time order`() {
        let moments = [0, 1, 59, 86_400, 1_795_399_200, 4_102_444_800].map { Timestamp(seconds: $0) }
        #expect(moments.map(\.description).sorted() == moments.map(\.description))
    }
}

@Suite struct SealedDocumentTests {
    private struct Sample: Codable, Equatable, RepositoryDocument {
        var format = 1
        var text = "ä/\"x\""
        var defect: String? { text == "wrong" ? "its text is wrong" : nil }
    }

    @Test func `head and SHA-256 sum check it`() throws {
        let bytes = try SealedDocument.encode(Sample())
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasSuffix("\"}\n"))
        #expect(try SealedDocument.decode(Sample.self, bytes, name: "x") == Sample())
        #expect(try JSONDecoder().decode(Sample.self, from: Data(bytes)) == Sample())
    }

    @Test func `every flipped bit is found`() throws {
        let bytes = try SealedDocument.encode(Sample())
        for position in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << bit
                // A flip that raises the format number looks like a newer version, which is also refused.
                #expect(throws: RepositoryError.self) {
                    try SealedDocument.decode(Sample.self, damaged, name: "x")
                }
            }
        }
    }

    @Test func `every truncation is found`() throws {
        let bytes = try SealedDocument.encode(Sample())
        for count in bytes.indices {
            #expect(throws: RepositoryError.self) {
                try SealedDocument.decode(Sample.self, Array(bytes.prefix(count)), name: "x")
            }
        }
    }

    @Test func `a document with values out of range is damaged`() throws {
        let error = #expect(throws: RepositoryError.self) {
            let bytes = try SealedDocument.encode(Sample(text: "wrong"))
            _ = try SealedDocument.decode(Sample.self, bytes, name: "x")
        }
        #expect(error?.reason == .damaged && error?.detail == "its text is wrong")
    }

    @Test func `a newer format is refused by name`() throws {
        let error = #expect(throws: RepositoryError.self) {
            let bytes = try SealedDocument.encode(Sample(format: 2))
            _ = try SealedDocument.decode(Sample.self, bytes, name: "x")
        }
        #expect(error?.reason == .newerVersion)
    }
}

@Suite struct PackIndexTests {
    private func member(_ path: [UInt8], _ change: (inout PackIndex.Member) -> Void = { _ in }) -> PackIndex.Member {
        var member = PackIndex.Member(
            .init(
                path: path, kind: .file, size: 12, mode: 0o644, uid: 1000, gid: 0,
                modified: FileTime(nanoseconds: -1_795_402_914_674_000_001),
                inode: .max))
        member.sha256 = Digest(of: path)
        change(&member)
        return member
    }

    private func index(_ members: [PackIndex.Member], gzip: [[Int]] = []) -> PackIndex {
        PackIndex(
            format: 1, component: "loki", pack: "ab12", object: .init(size: 0, sha256: Digest(of: [1])), gzip: gzip,
            members: members)
    }

    @Test(arguments: [[], [1], [1, 2, 3], [0, -1], [0, 1_000_000_000], [Int.max, Int.max]])
    func `the index refuses a member with an invalid time`(time: [Int]) {
        #expect(member([0x61]).record != nil)
        #expect(member([0x61]) { $0.time = time }.record == nil)
        #expect(member([0x61]) { $0.time = [Int.min, 0] }.record?.modified.seconds == .min)
    }

    /// The general encoder is the reference: readers of version 1 expect its text.
    @Test func `the index text matches the output of the general encoder`() throws {
        var encrypted = index([])
        encrypted.object.envelope = "cms"
        let directory = PackIndex.Member(
            .init(
                path: Array("d/".utf8), kind: .directory, size: 0, mode: 0o755, uid: 0, gid: 0,
                modified: FileTime(nanoseconds: 0), inode: 0)
        )
        let link = PackIndex.Member(
            .init(
                path: Array("l".utf8), kind: .symbolicLink, size: 0, mode: 0o777, uid: 0, gid: 0,
                modified: FileTime(nanoseconds: 1), inode: 1,
                target: [0xFF]))
        let far = PackIndex.Member(
            .init(
                path: [0x66], kind: .file, size: 0, mode: 0, uid: 0, gid: 0,
                modified: try #require(FileTime(seconds: 9_999_999_999, nanoseconds: 7)), inode: 1))
        #expect(far.mtime == .max && far.time == [9_999_999_999, 7] && far.record?.modified.seconds == 9_999_999_999)
        let full = index(
            [
                member(Array("a/ü \"quoted\" \\ {\n\t".utf8)) { ($0.at, $0.offset) = (0, 512) },
                member([0x61, 0xFF]) {
                    ($0.from, $0.sparse) = (.init(pack: String(repeating: "cd34", count: 8), member: 4095), true)
                },
                directory, link, far,
            ], gzip: [[1_048_600, 1_048_576], [20, 0]])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for index in [full, encrypted] {
            #expect(
                String(decoding: index.text, as: UTF8.self)
                    == String(decoding: try encoder.encode(index), as: UTF8.self))
        }
    }

    @Test func `the index encodes and decodes every path unchanged`() throws {
        let controls = (UInt8(1)...127).map { member([$0]) }
        let bytes = Repository.encodeIndex(index(controls))
        var plain = try GzipStream.decode(bytes, limit: 1 << 20)
        #expect(try SealedDocument.decode(PackIndex.self, plain, name: "x") == index(controls))
        plain[100] ^= 1
        #expect(throws: RepositoryError.self) { try SealedDocument.decode(PackIndex.self, plain, name: "x") }
    }
}

@Suite struct RestorePathTests {
    @Test(arguments: ["a", "a/b", "a/", "a b/\n", "..a", "a../b", "...", "-rf"])
    func `relative paths are safe`(path: String) { #expect(RestorePath.isSafe(Array(path.utf8))) }

    @Test(arguments: ["", "/", "/a", "..", "../a", "a/../b", "a/..", ".", "a/./b", "a//b", "a//", "a\0b"])
    func `nothing leads outside`(path: String) { #expect(!RestorePath.isSafe(Array(path.utf8))) }
}

@Suite struct ComponentNameTests {
    @Test(arguments: [
        ("prometheus", true), ("a-1", true), ("sets", false), ("marks", false), ("", false), ("A", false),
        ("a/b", false),
        ("a_b", false), (String(repeating: "x", count: 64), true), (String(repeating: "x", count: 65), false),
    ]) func `a name is valid for its form and unless it is reserved`(name: String, isValid: Bool) throws {
        #expect(ComponentName.isValid(name) == isValid)
        let hasForm = name.firstMatch(of: try Regex(ComponentName.pattern)) != nil
        #expect(ComponentName.hasValidForm(name) == hasForm)
    }
}
