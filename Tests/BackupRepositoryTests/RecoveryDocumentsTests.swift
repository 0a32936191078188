import Foundation
import Testing

@testable import BackupRepository

/// The configuration and the plans in a set come from the store, so a reader checks them.
@Suite struct RecoveryDocumentsTests {
    private let name = Timestamp(seconds: 1_800_000_000)

    private func documents(plan: String = "loss.yaml", text: String = "a: 1\n") -> RecoveryDocuments {
        RecoveryDocuments(
            configuration: "store: {}\n", folder: "/etc/dr", plans: [.init(file: plan, text: text)], builtIn: [:],
            tool: "dr", removed: ["a.b"])
    }

    @Test func `the member of a set is read back`() throws {
        let member = try #require(try documents().encoded())
        #expect(try RecoveryDocuments(decoding: member, of: name) == documents())
        #expect(try documents().encoded() == member)
    }

    @Test(arguments: ["../x.yaml", "/etc/x.yaml", "a/b.yaml", ".hidden.yaml", "x.sh", "a\nb.yaml", ""])
    func `a file name that leaves the folder is refused`(file: String) throws {
        let member = try #require(try documents(plan: file).encoded())
        #expect(throws: RepositoryError.self) { try RecoveryDocuments(decoding: member, of: name) }
    }

    @Test(arguments: ["", "%%%", "AAAA"])
    func `a member that is not a document is damage`(member: String) throws {
        #expect(throws: RepositoryError.self) { try RecoveryDocuments(decoding: member, of: name) }
    }

    @Test func `a large text is not stored, and not unpacked`() throws {
        var random = SystemRandomNumberGenerator()
        let noise = (0..<90_000).map { _ in String(UInt8.random(in: 33...126, using: &random)) }.joined()
        #expect(try documents(text: noise).encoded() == nil)
        #expect(try documents(text: String(repeating: "a", count: 2 << 20)).encoded() == nil)
        #expect(throws: RepositoryError.self) {
            try RecoveryDocuments(decoding: String(repeating: "A", count: RecoveryDocuments.mostBytes + 4), of: name)
        }
    }
}
