internal import BackupRepository
internal import FileTree
internal import Foundation
package import Lab
internal import Logging
internal import ObjectStorage
internal import Platform
internal import Retention

/// A whole repository: each command that reads one.
///
/// Half of the inputs have documents with changed values, sealed and hashed again up to the set, so that a change gets
/// past all hashes; the others have changed bytes. In a signed repository neither may yield other content.
package struct RepositoryTarget: FuzzTarget {
    package static let name = "repository"
    private let bases: [RepositoryBase]
    private let pool: BlockingPool

    init(in folder: String, _ keys: RepositoryKeys, pool: BlockingPool) async throws {
        self.pool = pool
        var bases: [RepositoryBase] = []
        for protection in RepositoryBase.Protection.allCases {
            bases.append(try await RepositoryBase(protection, in: folder, keys, pool: pool))
        }
        self.bases = bases
    }

    package func input(_ random: inout CorpusRandom) throws -> [UInt8] {
        input(of: bases[[0, 0, 0, 0, 1, 2, 2][random.below(7)]], &random)
    }

    /// Makes an input of a repository without keys.
    func plainInput(_ random: inout CorpusRandom) -> [UInt8] { input(of: bases[0], &random) }

    private func input(of base: RepositoryBase, _ random: inout CorpusRandom) -> [UInt8] {
        var objects = RepositoryObjects(base.objects)
        let documents = objects.documents
        for _ in 0...random.below(2) {
            if random.below(4) > 0, let key = documents.isEmpty ? nil : documents[random.below(documents.count)],
                let document = objects.document(key)
            {
                objects.replace(key, with: JSONMutation.apply(to: document, &random))
            } else {
                let keys = objects.objects.keys.sorted()
                let key = keys[random.below(keys.count)]
                let others = random.below(4) == 0 ? [objects.objects[keys[random.below(keys.count)]] ?? []] : []
                objects.objects[key] =
                    random.below(20) == 0
                    ? nil : ByteMutation.apply(to: objects.objects[key] ?? [], splicing: others, &random)
            }
        }
        return Array("\(base.protection)\n".utf8) + objects.bytes
    }

    package func run(_ input: [UInt8], in place: FuzzPlace) async throws {
        let head = input.prefix { $0 != UInt8(ascii: "\n") }
        guard let base = bases.first(where: { Array("\($0.protection)".utf8).elementsEqual(head) }) else { return }
        let objects = RepositoryObjects(reading: Array(input.dropFirst(head.count + 1)))
        let now = Timestamp(seconds: RepositoryBase.start + 3 * 3600)
        let store = FuzzStore(objects.objects, modified: RepositoryBase.start)
        guard let repository = await attempt({ try base.open(store) }) else { return }
        await read(repository, now)
        for set in await attempt({ try repository.setNames() }) ?? [] {
            guard let set = await attempt({ try repository.set(set) }) else { continue }
            try await restore(set, of: repository, base, in: place)
            await attempt { _ = try set.recoveryDocuments() }
            _ = RestorePoint(set, now: now, rpo: 3600)
        }
        await backUp(repository, now, in: place)
        await prune(repository, now, in: place)
        try place.checkOutside()
    }

    private func read(_ repository: Repository, _ now: Timestamp) async {
        await attempt { _ = try SetMarks(Marks(repository)) }
        await attempt { _ = try UntrustedMarks(in: repository) }
        await attempt {
            _ = try await repository.latest(of: nil, now: now, provesManifests: true, pool: pool)
        }
        await attempt { _ = try await Statistics(of: repository, pool: pool) }
        for set in await attempt({ try repository.setNames() }) ?? [] {
            await attempt { _ = try Marks(repository).recorded(with: set) }
        }
        var verification = Verification(repository: repository, pool: pool, progress: WorkProgress())
        verification.share = 1
        await attempt { _ = try await verification.run() }
    }

    private func restore(
        _ set: BackupSet, of repository: Repository, _ base: RepositoryBase, in place: FuzzPlace
    ) async throws {
        for component in set.components.keys.sorted() {
            try? FileManager.default.removeItem(atPath: place.target)
            let report = await attempt {
                let manifest = try repository.manifest(component, of: set)
                let target = try RestoreTarget(
                    place.target, identity: "fuzz", stamp: "now", replace: false)
                let restore = ComponentRestore(
                    repository: repository, manifest: manifest, target: target, pool: pool, progress: WorkProgress())
                return try await restore.run()
            }
            try place.checkOutside()
            guard report != nil, base.protection == .signed else { continue }
            guard try RepositoryBase.content(of: place.target) == base.expected[set.name] else {
                throw FuzzFinding("a restore from a signed repository succeeded with other content")
            }
        }
    }

    private func backUp(_ repository: Repository, _ now: Timestamp, in place: FuzzPlace) async {
        let (state, source) = ("\(place.folder)/state", "\(place.folder)/source-plain")
        try? FileManager.default.removeItem(atPath: state)
        await attempt {
            let component = BackupRun.Component(
                name: RepositoryBase.component, kind: "files", source: FileTreeSource(data: source))
            let folder = try StateFolder(state, repository: repository.description)
            _ = try await BackupRun(
                repository: repository, components: [component], stack: "fuzz", tool: "fuzz", state: folder,
                pool: pool, logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }, now: { now }
            ).run()
        }
    }

    private func prune(_ repository: Repository, _ now: Timestamp, in place: FuzzPlace) async {
        await attempt {
            var prune = Prune(
                repository: repository, policy: RetentionPolicy(keepLast: 1), tool: "fuzz", pool: pool,
                now: { Timestamp(seconds: now.seconds + 30 * 86_400) })
            prune.state = try StateFolder("\(place.folder)/state", repository: repository.description)
            _ = try await prune.run()
        }
    }

    /// Runs a part of the program. Its errors are expected.
    @discardableResult
    private func attempt<Value>(_ body: () async throws -> Value) async -> Value? {
        do { return try await body() } catch {
            _ = "\(error)"  // messages show text from documents
            return nil
        }
    }
}
