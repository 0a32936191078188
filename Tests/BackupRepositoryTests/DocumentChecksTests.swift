import Cryptography
import ObjectStorage
import Testing
@testable import BackupRepository

/// Documents whose values are out of range are damaged, even with valid seals and hashes.
@Suite struct DocumentChecksTests {
    private static let id = String(repeating: "0f", count: 16)
    private static let now = Timestamp(seconds: 1_795_399_200)

    private static var set: BackupSet {
        var set = BackupSet(
            format: 1, name: now, repository: id, run: id, tool: "test", stack: nil, started: now, finished: now,
            status: .complete, reasons: [], previous: nil, components: [:], failed: [:])
        set.components["tree"] = .init(
            source: "files", manifest: now, sha256: Digest(of: []), captured: now, watermark: 1, files: 1,
            bytes: 1 << 53,
            damaged: 0, added: .init(files: 0, bytes: 0, stored: 0, packs: 0), seconds: 0.5)
        return set
    }

    private static var manifest: Manifest {
        Manifest(
            format: 1, component: "tree", source: "files", name: now, captured: now, run: id, watermark: nil,
            facts: [:],
            totals: .init(files: 1, directories: 0, links: 0, bytes: 0), damage: [], withheld: nil,
            packs: [.init(pack: id, index: Digest(of: []), members: 3, live: [[0, 3]], lent: [[1, 2]])])
    }

    private static var index: PackIndex {
        var member = PackIndex.Member(
            .init(
                path: [0x61], kind: .file, size: 1, mode: 0o644, uid: 0, gid: 0, modified: FileTime(nanoseconds: 0),
                inode: 1))
        member.from = .init(pack: id, member: 0)
        return PackIndex(
            format: 1, component: "tree", pack: id, object: .init(size: 9, sha256: Digest(of: [])), gzip: [[9, 512]],
            members: [member])
    }

    @Test func `sound documents pass`() {
        #expect(Self.set.defect == nil && Self.manifest.defect == nil && Self.index.defect == nil)
        #expect(
            RepositoryDescription(format: 1, id: Self.id, created: Self.now, tool: "test", pack: .standard).defect
                == nil)
    }

    private static let setChanges: [@Sendable (inout BackupSet) -> Void] = [
        { $0.run = "../x" }, { $0.run = "" }, { $0.components["A B"] = $0.components["tree"] },
        { $0.components["../.."] = $0.components["tree"] }, { $0.components["tree"]?.watermark = .max },
        { $0.components["tree"]?.watermark = -1 }, { $0.components["tree"]?.files = -1 },
        { $0.components["tree"]?.bytes = 1 << 53 + 1 }, { $0.components["tree"]?.damaged = .max },
        { $0.components["tree"]?.added.stored = .min }, { $0.components["tree"]?.added.packs = .max },
        { $0.components["tree"]?.seconds = 1e300 }, { $0.components["tree"]?.seconds = .nan },
    ]

    @Test(arguments: setChanges.indices) func `a set with a wild value is damaged`(number: Int) {
        var set = Self.set
        Self.setChanges[number](&set)
        #expect(set.defect != nil)
    }

    private static let manifestChanges: [@Sendable (inout Manifest) -> Void] = [
        { $0.component = "A B" }, { $0.run = "x" }, { $0.watermark = .min }, { $0.totals.bytes = .max },
        { $0.totals.links = -1 }, { $0.packs[0].pack = "../x" }, { $0.packs[0].pack = "a b" },
        { $0.packs[0].members = -1 }, { $0.packs[0].members = .max }, { $0.packs[0].live = [[0, .max]] },
        { $0.packs[0].live = [[-5, 1]] }, { $0.packs[0].live = [[1]] }, { $0.packs[0].live = [[2, 1]] },
        { $0.packs[0].lent = [[0, 4]] },
    ]

    @Test(arguments: manifestChanges.indices) func `a manifest with a wild value is damaged`(number: Int) {
        var manifest = Self.manifest
        Self.manifestChanges[number](&manifest)
        #expect(manifest.defect != nil)
    }

    private static let indexChanges: [@Sendable (inout PackIndex) -> Void] = [
        { $0.object.size = -1 }, { $0.object.size = .max }, { $0.gzip = [[1]] }, { $0.gzip = [[-1, 2]] },
        { $0.members[0].size = .min }, { $0.members[0].offset = .max }, { $0.members[0].at = -1 },
        { $0.members[0].from = .init(pack: "../x", member: 0) }, { $0.members[0].from?.member = -1 },
        { $0.members[0].from?.member = .max },
    ]

    @Test(arguments: indexChanges.indices) func `an index with a wild value is damaged`(number: Int) {
        var index = Self.index
        Self.indexChanges[number](&index)
        #expect(index.defect != nil)
    }

    @Test(arguments: ["../victim", "", "ABCDEF00ABCDEF00ABCDEF00ABCDEF00", "0f"])
    func `a repository's id can be the name of a folder`(id: String) {
        let description = RepositoryDescription(format: 1, id: id, created: Self.now, tool: "test", pack: .standard)
        #expect(description.defect != nil)
    }

    @Test func `marks that name impossible packs or components are damaged`() {
        let packs = ["tree": [Self.id]], odd = ["tree": ["../x"]], stranger = ["A B": [Self.id]]
        func intent(_ packs: [String: [String]]) -> PruneIntent {
            PruneIntent(at: Self.now, tool: "test", sets: [], orphans: [:], packs: packs)
        }
        #expect(intent(packs).defect == nil && intent(odd).defect != nil && intent(stranger).defect != nil)
        for (packs, isSound) in [(packs, true), (odd, false), (stranger, false)] {
            #expect((UnwantedMark(at: Self.now, tool: "test", packs: packs).defect == nil) == isSound)
        }
        let mark = VerifiedMark(at: Self.now, tool: "test", level: .data, share: .nan, good: [], damaged: [])
        #expect(mark.defect != nil)
    }

    @Test func `keys of other programs are not packs`() {
        #expect(Layout.packID(of: Layout.pack("tree", Self.id)) == Self.id)
        #expect(Layout.indexID(of: Layout.index("tree", Self.id)) == Self.id)
        #expect(Layout.packID(of: .init(trusted: "tree/packs/mine.tar.gz")) == nil)
        #expect(Layout.indexID(of: .init(trusted: "tree/packs/mine.index.json.gz")) == nil)
    }
}
