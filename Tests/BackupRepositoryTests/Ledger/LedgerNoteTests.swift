import Cryptography
import Foundation
import Lab
import Platform
import Testing

@testable import BackupRepository

@Suite("Notes for the ledger")
struct LedgerNoteTests {
    private let now = Timestamp(seconds: 1_800_000_000)

    private func entry() -> LedgerEntry {
        LedgerEntry(.drill, .begun, run: "r", at: now, host: "a", tool: "test")
    }

    @Test func `a note of a live run is not taken by another run`() throws {
        let fixture = try Fixture()
        let state = try StateFolder(
            fixture.folder.url.path + "/state", repository: try fixture.repository().description)
        let note = try LedgerNote(entry(), in: state)
        #expect(try LedgerNote.left(in: state).isEmpty)
        note.remove()
        #expect(try LedgerNote.left(in: state).isEmpty)
    }

    @Test func `a note of a dead run becomes an abandoned entry`() throws {
        let fixture = try Fixture()
        let state = try StateFolder(
            fixture.folder.url.path + "/state", repository: try fixture.repository().description)
        do { _ = try LedgerNote(entry(), in: state) }  // its lock ends with the object, as with its process
        let left = try LedgerNote.left(in: state)
        #expect(left.map(\.leftEntry.phase) == [.abandoned])
        #expect(left.map(\.leftEntry.run) == ["r"])
    }

    @Test func `a note with a result keeps it`() throws {
        let fixture = try Fixture()
        let state = try StateFolder(
            fixture.folder.url.path + "/state", repository: try fixture.repository().description)
        do {
            let note = try LedgerNote(entry(), in: state)
            var ended = entry()
            ended.phase = .ended
            ended.verdict = "inconclusive"
            try note.write(ended)
        }
        #expect(try LedgerNote.left(in: state).map(\.leftEntry.verdict) == ["inconclusive"])
    }

    @Test func `an entry that was written before its note was removed is not written twice`() throws {
        let repository = try Fixture().repository(MemoryStore(clock: 1_800_000_000))
        let ledger = RunLedger(repository)
        var ended = entry()
        ended.phase = .ended
        let head = try ledger.append(entry(), after: nil).head
        #expect(try !ledger.holds(ended, after: head))
        _ = try ledger.append(ended, after: head)
        #expect(try ledger.holds(ended, after: head))
        var abandoned = entry()
        abandoned.phase = .abandoned
        abandoned.at = Timestamp(seconds: now.seconds + 60)
        #expect(try ledger.holds(abandoned, after: head))
    }

    @Test func `the state remembers the newest head and never an older one`() throws {
        let fixture = try Fixture()
        let state = try StateFolder(
            fixture.folder.url.path + "/state", repository: try fixture.repository().description)
        let (new, old) = (
            LedgerHead(number: 7, sha256: Digest(of: [7])), LedgerHead(number: 3, sha256: Digest(of: [3]))
        )
        try state.recordLedgerHead(new)
        try state.recordLedgerHead(old)
        #expect(state.ledgerHead() == new)
        try state.forgetMissingSets()
        #expect(state.ledgerHead() == nil)
    }
}
