import Cryptography
import Foundation
import ObjectStorage
import Testing

@testable import BackupRepository

/// Reading a share of the packs in each run, in a repository with a history.
@Suite struct SampledVerificationTests {
    private let documentKey = DocumentKey.generate()

    private func sample(
        _ fixture: PruneFixture, period: Int = 4 * 86_400, _ store: (any ObjectStore)? = nil
    ) async throws -> SampledVerification.Report {
        try await SampledVerification(
            repository: try fixture.repository(store), period: period, tool: "test", pool: Fixture.pool,
            now: fixture.now
        ).run()
    }

    /// Creates twelve packs of a first set, and hourly sets that share them.
    private func history(_ count: Int = 3) async throws -> (PruneFixture, [BackupSet]) {
        let fixture = try PruneFixture()
        for number in 0..<12 { try fixture.write("file-\(number)", Fixture.noise(60_000, seed: UInt64(number + 1))) }
        var sets: [BackupSet] = []
        for _ in 0..<count {
            fixture.pass(hours: 1)
            sets.append(try await fixture.backup())
        }
        return (fixture, sets)
    }

    private func facts(_ fixture: PruneFixture, _ set: Timestamp) throws -> SetMarks.Facts {
        try SetMarks(Marks(try fixture.repository()))[set]
    }

    @Test func `shares of many runs read everything once and prove the sets`() async throws {
        let (fixture, sets) = try await history()
        var read: [Int] = []
        var proved: Set<Timestamp> = []
        for _ in 0..<72 {
            fixture.pass(hours: 1)
            let report = try await sample(fixture)
            read.append(report.packsRead)
            #expect(report.findings.isEmpty && report.knownDamage.isEmpty && report.overdueBytes == 0)
            #expect(report.packs == 12 && report.bytes > 12 * 60_000)
            proved.formUnion(report.proved)
        }
        #expect(read.max() == 1, "a share of a twelfth is a pack now and then")
        #expect((12...14).contains(read.reduce(0, +)), "\(read)")
        #expect(proved == Set(sets.map(\.name)))
        #expect(try facts(fixture, sets[0].name).verified != nil)
        #expect(fixture.store.keys("marks/sampled/").count == 1, "each mark replaces the ones before")
        try await fixture.prune(keepLast: 3, grace: 0)
        #expect(fixture.store.keys("marks/sampled/").count == 1)
    }

    @Test func `sampled readings from before a backup set do not verify the set`() async throws {
        let (fixture, _) = try await history()
        for _ in 0..<80 {
            fixture.pass(hours: 1)
            _ = try await sample(fixture)
        }
        let late = try await fixture.backup()
        _ = try await sample(fixture)
        #expect(try facts(fixture, late.name).verified == nil)
    }

    @Test(arguments: ["flip", "gone", "longer", "index"])
    func `verify names the affected backup sets and the next backup stores the content again`(_ kind: String)
        async throws
    {
        let (fixture, sets) = try await history()
        let pack = try #require(fixture.store.keys("tree/packs/").first { $0.text.hasSuffix(".tar.gz") })
        let index = Layout.index("tree", try #require(Layout.packID(of: pack)))
        switch kind {
        case "flip": fixture.store.change(pack) { $0[$0.count / 2] ^= 1 }
        case "gone": _ = try fixture.store.delete([pack])
        case "longer": fixture.store.change(pack) { $0 += [0, 1, 2] }
        default: fixture.store.change(index) { $0[$0.count / 2] ^= 1 }
        }
        var found: [Verification.Finding] = []
        var known: [String] = []
        for _ in 0..<72 where known.isEmpty {
            fixture.pass(hours: 1)
            let report = try await sample(fixture)
            found += report.findings
            if !found.isEmpty, report.findings.isEmpty { known = report.knownDamage }
        }
        #expect(found.map(\.object) == [kind == "index" ? index.text : pack.text])
        #expect(found.first?.sets == sets.map(\.name))
        #expect(known == [pack.text], "later runs report it too, but not as new")
        for set in sets { #expect(try facts(fixture, set.name).isDamaged) }

        fixture.pass(hours: 1)
        let mended = try await fixture.backup()
        let manifest = try fixture.repository().manifest("tree", of: mended)
        #expect(!manifest.packs.contains { $0.pack == Layout.packID(of: pack) }, "it does not build upon damaged packs")
        let restored = try await fixture.fixture.restore(try fixture.repository(), set: mended, to: "out-\(kind)")
        _ = restored
        try await fixture.fixture.expectSame("out-\(kind)")
        #expect(try !facts(fixture, mended.name).isDamaged)
    }

    @Test(arguments: [false, true])
    func `bytes after the end of an encrypted pack are found with and without a key`(_ hasKey: Bool) async throws {
        let fixture = try PruneFixture()
        let recipient = try Fixture.recipient("pack")
        func repository() throws -> Repository {
            var repository = try fixture.repository()
            repository.encryption = .init(recipients: [recipient.certificate], key: hasKey ? recipient.key : nil)
            repository.encryption.documentKeys = [documentKey]
            return repository
        }
        try fixture.write("file", Fixture.noise(60_000, seed: 1))
        fixture.pass(hours: 1)
        let time = fixture.now
        try await fixture.fixture.backup(try repository(), now: { time })
        let pack = try #require(fixture.store.keys("tree/packs/").first { Layout.packID(of: $0) != nil })
        #expect(!pack.text.hasSuffix(".tar.gz"), "it is encrypted")
        fixture.store.change(pack) { $0 += [0, 1, 2] }
        fixture.pass(hours: 48)
        let report = try await SampledVerification(
            repository: try repository(), period: 3600, tool: "test", pool: Fixture.pool, now: fixture.now
        ).run()
        #expect(report.packsRead > 0 && report.packsSealed == (hasKey ? 0 : report.packsRead))
        #expect(report.findings.map(\.object) == [pack.text], "\(report)")
    }

    /// Lists packs as they were before something was cut off or removed.
    private struct LaggingStore: PassingStore {
        let base: any ObjectStore

        func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
            try base.list(prefix: prefix, after: after) { object in
                var object = object
                if Layout.packID(of: object.key) != nil { object.size += 3 }
                return try body(object)
            }
        }
    }

    @Test func `a pack that a repair put back after the listing is not damaged`() async throws {
        let (fixture, _) = try await history()
        fixture.pass(hours: 24)
        let report = try await sample(fixture, period: 3600, LaggingStore(base: fixture.store))
        #expect(report.packsRead > 0 && report.findings.isEmpty, "\(report)")
    }

    @Test func `a damaged manifest hurts its set once loudly`() async throws {
        let (fixture, sets) = try await history()
        let key = Layout.manifest("tree", sets[1].components["tree"]?.manifest ?? sets[1].name)
        fixture.store.change(key) { $0[20] ^= 1 }
        fixture.pass(hours: 1)
        let report = try await sample(fixture)
        #expect(report.findings.map(\.object) == [key.text] && report.findings.first?.sets == [sets[1].name])
        fixture.pass(hours: 1)
        let again = try await sample(fixture)
        #expect(again.findings.isEmpty && again.knownDamage == [key.text])
    }

    /// Two machines read at the same time; one of them dies before it records its progress.
    @Test func `another machine resumes sampled verification from the recorded progress`() async throws {
        let (fixture, _) = try await history()
        fixture.pass(hours: 1)
        let other = fixture.store.fork()
        let first = try await sample(fixture)
        let second = try await sample(fixture, other)
        #expect(first == second, "the state is in the repository alone")
        for key in other.keys("marks/sampled/") where !fixture.store.keys.contains(key) {
            _ = try fixture.store.put(key, try other.read(key), options: PutOptions(.ifAbsent))
        }
        #expect(fixture.store.keys("marks/sampled/").count == 2)
        let mark = try #require(fixture.store.keys("marks/sampled/").first)
        fixture.store.change(mark) { $0[5] ^= 1 }
        fixture.pass(hours: 30)
        let third = try await sample(fixture)
        #expect(third.notes.count == 1 && third.findings.isEmpty, "a damaged mark is skipped")
        for limit in 0..<60 {
            _ = try? await sample(fixture, FaultyStore(fixture.store, limit: limit))
        }
        fixture.pass(hours: 1)
        #expect(try await sample(fixture).findings.isEmpty)
        try await fixture.expectWhole()
    }

    // MARK: The meaning of verified

    @Test func `only a full read of the data makes a backup set verified`() throws {
        let fixture = try PruneFixture()
        let marks = Marks(try fixture.repository())
        let set = Timestamp(seconds: PruneFixture.beginning)
        func mark(_ level: VerificationLevel, _ share: Double, good: Bool) throws {
            fixture.pass(hours: 1)
            try marks.put(
                VerifiedMark(
                    at: fixture.now, tool: "test", level: level, share: share, good: good ? [set] : [],
                    damaged: good ? [] : [set]))
        }
        try mark(.structure, 0, good: true)
        try mark(.structure, 0.5, good: true)
        #expect(try facts(fixture, set).verified == nil && facts(fixture, set).checked == fixture.now)
        try mark(.data, 1, good: true)
        #expect(try facts(fixture, set).verified == fixture.now)
        try mark(.structure, 0.1, good: false)
        try mark(.structure, 0, good: true)
        #expect(try facts(fixture, set).isDamaged, "a check of the structure does not clear the damage")
        try mark(.data, 1, good: true)
        #expect(try !facts(fixture, set).isDamaged)
        try mark(.structure, 0, good: false)
        try mark(.structure, 0, good: true)
        #expect(try !facts(fixture, set).isDamaged)
    }

    @Test(arguments: [("structure", nil), ("share", nil), ("all", "data")] as [(String, String?)])
    func `marks of early versions are read`(_ read: String, _ level: String?) throws {
        let text = """
            {"format":1,"kind":"verified","at":"20260101T000000Z","tool":"dr 0.1","read":"\(read)",\
            "good":["20260101T000000Z"],"damaged":[]}
            """
        let mark = try JSONDecoder().decode(VerifiedMark.self, from: Data(text.utf8))
        #expect(mark.level.rawValue == level ?? "structure" && mark.share == nil)
        let written = String(decoding: try JSONEncoder().encode(mark), as: UTF8.self)
        #expect(written.contains("\"level\":") && written.contains("\"read\":"))
    }
}
