import ArgumentParser
import BackupRepository
import Cryptography
import Foundation
import Lab
import ObjectStorage
import Platform
import Synchronization

/// `dr-lab history DIR`: writes a repository with a long synthetic history, to measure prunes.
///
/// Sets, manifests and indexes are real documents with correct hashes in their names, so that `dr` reads and verifies
/// them as usual. The packs are objects of a few bytes, because a prune never reads their contents.
struct SyntheticHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Write a repository of hourly sets, with packs of a few bytes.",
        discussion: "For measurements of prunes. The packs have no contents and cannot be restored.")

    @Argument(help: "Folder of the repository; it must not exist.") var folder: String
    @Option(help: "Number of sets, an hour apart; the newest is an hour old (default: 10000).") var sets = 10_000
    @Option(help: "Number of files in all sets together (default: 1000000).") var files = 1_000_000

    /// The number of files in a full pack, the same as in a backup.
    private static let filesInFullPack = 4096
    /// Nine of ten files are in every set. The others are added in small packs, one in `hoursToPack` hours, and removed
    /// after `lifeInPacks` packs.
    private static let hoursToPack = 5, lifeInPacks = 50
    private static let pool = BlockingPool(threads: 4)

    func run() async throws {
        guard !FileManager.default.fileExists(atPath: folder) else {
            throw ValidationError("'\(folder)' already exists")
        }
        let store = try DirectoryStore(path: URL(filePath: folder).absoluteURL.path, create: true)
        let now = Int(Date().timeIntervalSince1970)
        let first = Timestamp(seconds: now - sets * 3600)
        let repository = try Repository.create(in: store, tool: "dr-lab", now: first).0
        let packs = try await writePacks(repository)
        try await (0..<sets).concurrentForEach(limit: 2) { number in
            try await Self.pool.run { try writeSet(number, packs, repository, first) }
        }
        print("\(sets) sets, \(files) files in \(packs.full.count + packs.small.count) packs")
    }

    private struct Packs: Sendable {
        var full: [Manifest.PackUse] = []
        var small: [Manifest.PackUse] = []
    }

    private func writePacks(_ repository: Repository) async throws -> Packs {
        let lasting = files / 10 * 9
        let full = (lasting + Self.filesInFullPack - 1) / Self.filesInFullPack
        let small = max(1, sets / Self.hoursToPack)
        let uses = Mutex([Int: Manifest.PackUse]())
        try await (0..<full + small).concurrentForEach(limit: 2) { number in
            try await Self.pool.run {
                let members =
                    number < full
                    ? number * Self.filesInFullPack..<min((number + 1) * Self.filesInFullPack, lasting)
                    : lasting + (number - full) * (files - lasting) / small..<lasting + (number - full + 1)
                        * (files - lasting) / small
                let use = try writePack(members, repository)
                uses.withLock { $0[number] = use }
            }
        }
        let found = uses.withLock { $0 }.sorted { $0.key < $1.key }.map(\.value)
        return Packs(full: Array(found[..<full]), small: Array(found[full...]))
    }

    private func writePack(_ files: Range<Int>, _ repository: Repository) throws -> Manifest.PackUse {
        let id = RandomID.make(), content = Array("synthetic".utf8), digest = Digest(of: content)
        var index = try template(
            PackIndex.self,
            """
            {"format":1,"kind":"pack-index","component":"\(Self.component)","pack":"\(id)",
            "object":{"size":\(content.count),"sha256":"\(digest.hex)"},"gzip":[[\(content.count),\(content.count)]],
            "members":[{"type":"file","size":100,"mode":420,"uid":0,"gid":0,"mtime":0,"inode":0,
            "sha256":"\(digest.hex)","at":0,"offset":0}]}
            """)
        let member = index.members[0]
        index.members = files.enumerated().map { offset, number in
            var member = member
            member.path = "data/\(number / 1000)/file-\(number)"
            member.mtime = 1_700_000_000_000_000_000 + number
            member.inode = UInt64(number)
            member.offset = 512 + offset * 1024
            return member
        }
        let document = Repository.encodeIndex(index)
        let store = repository.store
        _ = try store.put(Layout.pack(Self.component, id), content, options: PutOptions(.none))
        _ = try store.put(Layout.index(Self.component, id), document, options: PutOptions(.none))
        return try template(
            Manifest.PackUse.self,
            #"{"pack":"\#(id)","index":"\#(Digest(of: document).hex)","members":\#(files.count)}"#)
    }

    private static let component = "tree"

    private func writeSet(_ number: Int, _ packs: Packs, _ repository: Repository, _ first: Timestamp) throws {
        let time = Timestamp(seconds: first.seconds + number * 3600)
        let newest = min(number / Self.hoursToPack, packs.small.count - 1)
        let uses = packs.full + packs.small[max(0, newest - Self.lifeInPacks + 1)...newest]
        let run = RandomID.make(), held = uses.reduce(0) { $0 + $1.members }
        var manifest = try template(
            Manifest.self,
            """
            {"format":1,"kind":"manifest","component":"\(Self.component)","source":"files","name":"\(time)",
            "captured":"\(time)","run":"\(run)","facts":{},"damage":[],"packs":[],
            "totals":{"files":\(held),"directories":0,"links":0,"bytes":\(held * 100)}}
            """)
        manifest.packs = uses
        let document = try SealedDocument.encode(manifest)
        _ = try repository.store.put(Layout.manifest(Self.component, time), document, options: PutOptions(.none))
        var set = try template(
            BackupSet.self,
            """
            {"format":1,"kind":"set","name":"\(time)","repository":"\(repository.description.id)","run":"\(run)",
            "tool":"dr-lab","started":"\(time)","finished":"\(time)","status":"complete","reasons":[],"failed":{},
            "components":{"\(Self.component)":{"source":"files","manifest":"\(time)",
            "sha256":"\(Digest(of: document).hex)","captured":"\(time)","files":\(held),"bytes":\(held * 100),
            "damaged":0,"seconds":1,"added":{"files":0,"bytes":0,"stored":0,"packs":0}}}}
            """)
        if number > 0 { set.previous = Timestamp(seconds: time.seconds - 3600) }
        _ = try repository.store.put(Layout.set(time), try SealedDocument.encode(set), options: PutOptions(.none))
    }

    /// Returns a document of the format's own type, which validates it.
    private func template<Document: Decodable>(_ type: Document.Type, _ json: String) throws -> Document {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }
}
