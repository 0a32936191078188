import Cryptography
import Foundation
import Lab
import ObjectStorage
import Platform
import Synchronization
import Testing

@testable import BackupRepository

@Suite("Ledger")
struct RunLedgerTests {
    private let store = MemoryStore(clock: 1_800_000_000)
    private let now = Timestamp(seconds: 1_800_000_000)

    private func repository(_ store: (any ObjectStore)? = nil) throws -> Repository {
        try Repository.create(in: store ?? self.store, tool: "test", now: now).0
    }

    private func draft(
        _ run: String = "r", _ phase: LedgerEntry.Phase = .ended, host: String = "a", at: Timestamp? = nil
    ) -> LedgerEntry {
        var entry = LedgerEntry(.backup, phase, run: run, at: at ?? now, host: host, tool: "test")
        entry.verdict = "complete"
        return entry
    }

    @discardableResult
    private func append(_ count: Int, to repository: Repository) throws -> LedgerHead? {
        var head: LedgerHead?
        for number in 0..<count { head = try RunLedger(repository).append(draft("r\(number)"), after: head).head }
        return head
    }

    private func findings(
        _ repository: Repository, known: LedgerHead? = nil
    ) async throws -> [String] {
        let report = try await RunLedger(repository).verify(known: known, pool: Fixture.pool)
        return report.findings.map { "\($0.kind.rawValue) \($0.number ?? 0)" }
    }

    @Test func `entries form one chain of the objects as they are stored`() async throws {
        let repository = try repository()
        let head = try append(3, to: repository)
        let objects = try (1...3).map { try store.read(RunLedger.key($0)) }
        #expect(store.keys("marks/ledger/").map(\.text).last == "marks/ledger/000000000003.json")
        #expect(try RunLedger(repository).read(1)?.entry?.previous == nil)
        #expect(try RunLedger(repository).read(3)?.entry?.previous == Digest(of: objects[1]))
        #expect(head == LedgerHead(number: 3, sha256: Digest(of: objects[2])))
        #expect(try RunLedger(repository).newest() == head)
        #expect(try await findings(repository, known: head) == [])
    }

    @Test func `an entry costs one request if no other host has written`() throws {
        let repository = try repository()
        let head = try append(2, to: repository)
        let counting = CountingStore(store)
        _ = try RunLedger(try Repository(opening: counting)).append(draft(), after: head)
        #expect(counting.calls.filter { !$0.hasSuffix("repository.json") } == ["put marks/ledger/000000000003.json"])
    }

    @Test func `two hosts that append at once write one chain`() async throws {
        let repository = try repository()
        let start = try append(1, to: repository)
        await withTaskGroup(of: Void.self) { group in
            for host in ["a", "b", "c"] {
                group.addTask {
                    await Fixture.pool.run {
                        var head = start
                        for number in 0..<12 {
                            let entry = draft("\(host)\(number)", host: host)
                            // A failure shows as a missing entry.
                            head = (try? RunLedger(repository).append(entry, after: head))?.head ?? head
                        }
                    }
                }
            }
        }
        let report = try await RunLedger(repository).verify(known: nil, pool: Fixture.pool)
        #expect(report.entries == 37)
        #expect(report.findings == [])
    }

    @Test func `a host that was away continues behind the entries of the others`() async throws {
        let repository = try repository()
        let old = try append(1, to: repository)
        var head = old
        for number in 0..<30 { head = try RunLedger(repository).append(draft("b\(number)"), after: head).head }
        let appended = try RunLedger(repository).append(draft("a"), after: old)
        #expect(appended.head.number == 32)
        #expect(appended.finding == nil)
        #expect(try await findings(repository) == [])
    }

    @Test func `verify names an entry that was removed from the middle`() async throws {
        let repository = try repository()
        let head = try append(5, to: repository)
        _ = try store.delete([RunLedger.key(3)])
        #expect(try await findings(repository, known: head) == ["missing 3"])
    }

    @Test func `verify finds removed newest entries by the memory of the host`() async throws {
        let repository = try repository()
        let head = try append(5, to: repository)
        _ = try store.delete([RunLedger.key(4), RunLedger.key(5)])
        #expect(try await findings(repository) == [])
        #expect(try await findings(repository, known: head) == ["missing 5"])
        // The next entry of the host does not hide it.
        _ = try RunLedger(repository).append(draft(), after: head)
        #expect(try await findings(repository) == ["missing 4"])
    }

    @Test func `verify finds removed newest entries by the head that a set names`() async throws {
        let fixture = try Fixture()
        let repository = try fixture.repository()
        try fixture.write("file", "content")
        let state = try StateFolder(
            fixture.folder.url.appending(path: "state").path, repository: repository.description)
        var head: LedgerHead?
        for number in 0..<3 { head = try RunLedger(repository).append(draft("r\(number)"), after: head).head }
        try state.recordLedgerHead(try #require(head))
        let set = try await fixture.backup(repository).set
        #expect(set.ledger == head)
        #expect(try await findings(repository) == [])
        _ = try repository.store.delete([RunLedger.key(3)])
        #expect(try await findings(repository) == ["missing 3"])
    }

    @Test func `verify finds exchanged entries`() async throws {
        let repository = try repository()
        try append(5, to: repository)
        let (second, third) = (try store.read(RunLedger.key(2)), try store.read(RunLedger.key(3)))
        store.change(RunLedger.key(2)) { $0 = third }
        store.change(RunLedger.key(3)) { $0 = second }
        #expect(try await findings(repository) == ["damaged 2", "damaged 3", "not_linked 4"])
    }

    @Test func `verify finds a changed entry although its seal is valid`() async throws {
        let repository = try repository()
        try append(4, to: repository)
        var entry = try #require(try RunLedger(repository).read(2)?.entry)
        entry.verdict = "failed"
        let forged = try SealedDocument.encode(entry)
        store.change(RunLedger.key(2)) { $0 = forged }
        #expect(try await findings(repository) == ["not_linked 3"])
    }

    @Test func `verify finds objects that dr did not write`() async throws {
        let repository = try repository()
        let head = try append(2, to: repository)
        _ = try store.put(ObjectKey(trusted: "marks/ledger/notes.txt"), [1], options: PutOptions())
        _ = try store.put(RunLedger.key(3), [1, 2, 3], options: PutOptions())
        let appended = try RunLedger(repository).append(draft(), after: head)
        #expect(appended.head.number == 4)
        #expect(try await findings(repository) == ["foreign 0", "foreign 3"])
    }

    @Test func `a branch that a key holder rewrote is found by what the host knows`() async throws {
        let repository = try repository()
        let head = try #require(try append(4, to: repository))
        _ = try store.delete((3...4).map { RunLedger.key($0) })
        var branch = try RunLedger(repository).newest()
        for number in 3...6 { branch = try RunLedger(repository).append(draft("other\(number)"), after: branch).head }
        #expect(try await findings(repository) == [])
        #expect(try await findings(repository, known: head) == ["other_head 4"])
    }

    @Test func `the host notices a rewritten ledger when it appends`() throws {
        let repository = try repository()
        let head = try #require(try append(2, to: repository))
        _ = try store.delete([RunLedger.key(2)])
        let branch = try RunLedger(repository).append(draft("other"), after: try RunLedger(repository).newest()).head
        _ = try RunLedger(repository).append(draft("more"), after: branch)
        #expect(try RunLedger(repository).append(draft(), after: head).finding?.contains("entry 3") == true)
    }

    @Test func `entries of a signed repository need a trusted signature`() async throws {
        let fixture = try Fixture()
        let (ada, eve) = (try await fixture.signer("ada"), try await fixture.signer("eve"))
        var repository = try repository()
        repository.signing = SetSigning(signer: ada, trusted: [ada.certificate])
        let head = try append(2, to: repository)
        var intruder = repository
        intruder.signing = SetSigning(signer: eve, trusted: [eve.certificate])
        _ = try RunLedger(intruder).append(draft("bad"), after: head)
        let appended = try RunLedger(repository).append(draft("good"), after: head)
        #expect(appended.head.number == 4)
        let report = try await RunLedger(repository).verify(known: nil, pool: Fixture.pool)
        #expect(report.findings.map(\.kind) == [.foreign])
        #expect(report.findings.map(\.number) == [3])
        #expect(report.signed == 3)
        #expect(try RunLedger(repository).newest() == appended.head)
        var reader = repository
        reader.signing = SetSigning(trusted: [ada.certificate])
        #expect(throws: RepositoryError.self) { try RunLedger(reader).append(draft(), after: head) }
        #expect(RunLedger(reader).refusal(at: now) == "this machine has no signing key")
    }

    @Test func `a signed entry does not count under another number`() async throws {
        let fixture = try Fixture()
        let ada = try await fixture.signer("ada")
        var repository = try repository()
        repository.signing = SetSigning(signer: ada, trusted: [ada.certificate])
        try append(2, to: repository)
        let second = try store.read(RunLedger.key(2))
        _ = try store.put(RunLedger.key(3), second, options: PutOptions())
        #expect(try await findings(repository) == ["damaged 3"])
    }

    @Test func `ten thousand entries are followed`() async throws {
        let repository = try repository()
        // Entries without signatures are written in a moment.
        try append(10_000, to: repository)
        let report = try await RunLedger(repository).verify(known: nil, pool: Fixture.pool)
        #expect(report.entries == 10_000)
        #expect(report.findings == [])
    }

    @Test(arguments: [
        "12 \(String(repeating: "a", count: 64))", "12:\(String(repeating: "a", count: 64))\n",
    ])
    func `a head can be written and read`(_ text: String) {
        #expect(LedgerHead(text)?.number == 12)
    }

    @Test(arguments: ["", "0 \(String(repeating: "a", count: 64))", "12", "12 abc", "99999999999999999999 a"])
    func `other texts are not heads`(_ text: String) { #expect(LedgerHead(text) == nil) }
}
