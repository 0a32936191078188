import BackupRepository
import Components
import FileTree
import Foundation
import Lab
import ObjectStorage
import Operations
import RecoveryPlan
import StackConfiguration
import Testing

@testable import Drills

@Suite struct SabotageChoiceTests {
    private let folder: TemporaryFolder
    private let session: Session

    init() throws {
        folder = try TemporaryFolder("sabotage")
        let data = folder.url.appending(path: "data")
        try FileManager.default.createDirectory(at: data, withIntermediateDirectories: true)
        let text = """
            store: {url: "file://\(folder.path)/repository"}
            state: \(folder.path)/state
            components:
              tree: {kind: files, data: \(data.path)}

            """
        let file = folder.url.appending(path: "dr.yaml")
        try Data(text.utf8).write(to: file)
        var options = OutputOptions()
        options.quiet = true
        session = try Session(options, configuration: file.path, kinds: [FilesComponent.self])
        let store = try StoreFactory.make(session.configuration.store, create: true, logger: session.logger)
        _ = try Repository.create(in: store, tool: Release.tool, now: session.now())
    }

    /// Backs up a folder with one file of this content; an empty folder for nil.
    private func backUp(_ content: String?) async throws -> BackupSet {
        if let content { try Data(content.utf8).write(to: folder.url.appending(path: "data/file")) }
        var job = try BackupJob(session, Output(options: session.options), only: [])
        job.readsShare = false
        job.prunes = false
        return try await job.run().set
    }

    private func choice(_ set: BackupSet, kind: String = "files", served: Set<String> = []) async throws
        -> SabotageChoice
    {
        SabotageChoice(
            session: session, repository: try await session.repository(), selection: RestoreSelection(set),
            components: [("tree", kind)], served: served)
    }

    private func pick(_ kind: Sabotage.Kind?, _ choice: SabotageChoice) async throws -> Sabotage? {
        var lottery = Lottery(set: nil, setDigest: nil, ledger: nil, scenario: "test")
        let sabotage = try await choice.pick(kind, by: &lottery)
        #expect(lottery.defect == nil)
        #expect((lottery.chosen?["fault"] != nil) == (kind != nil))
        return sabotage
    }

    @Test func `one seed gives one fault, and each draw is recorded`() async throws {
        let set = try await backUp(String(repeating: "content ", count: 500))
        var first = Lottery(set: "s", setDigest: "d", ledger: "e", scenario: "loss"), second = first
        let one = try #require(try await choice(set).pick(nil, by: &first))
        let other = try #require(try await choice(set).pick(nil, by: &second))
        #expect(one.text == other.text)
        #expect(first == second)
        #expect(first.draws.contains { $0.purpose == "fault" })
        #expect(first.draws.contains { one.text.contains($0.result) && $0.purpose.hasSuffix("component") })
    }

    @Test(arguments: [Sabotage.Kind.flippedByte, .missingPack])
    func `damage to a pack is damage that a restore meets`(_ kind: Sabotage.Kind) async throws {
        let set = try await backUp(String(repeating: "content ", count: 500))
        let sabotage = try #require(try await pick(kind, choice(set)))
        #expect(sabotage.isOfThePacks)
        #expect(sabotage.expected(["tree": "restore_tree"], in: session) == ["restore_tree"])
        var damaged = session
        damaged.wrapsStore = sabotage.lens
        let repository = try await damaged.repository()
        let job = RestoreJob(
            session: damaged, repository: repository, set: set, manifest: try repository.manifest("tree", of: set),
            settings: nil)
        await #expect(throws: (any Error).self) { _ = try await job.restoreFiles(to: "\(folder.path)/restored") }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/restored"))
    }

    @Test(arguments: Sabotage.Kind.allCases)
    func `a set that holds nothing cannot be damaged`(_ kind: Sabotage.Kind) async throws {
        #expect(try await pick(kind, choice(try await backUp(nil))) == nil)
    }

    @Test func `the text names the type of the deleted object`() {
        let sabotage = Sabotage.droppedObject(component: "alertmanager", noun: "silence")
        #expect(sabotage.text == "a silence was deleted from alertmanager after its restore")
    }

    @Test func `only a component with a server can be left empty`() async throws {
        let set = try await backUp("content")
        #expect(try await pick(.emptyService, choice(set)) == nil)
        let sabotage = try #require(try await pick(.emptyService, choice(set, served: ["tree"])))
        guard case .emptyService(let component) = sabotage else {
            Issue.record("picked another kind: \(sabotage.text)")
            return
        }
        #expect(component == "tree")
        #expect(!sabotage.isOfThePacks)
    }

    @Test func `an older set serves only if the records tell the two apart`() async throws {
        let old = try await backUp("old"), new = try await backUp("new content")
        #expect(try await pick(.oldSet, choice(new)) == nil)
        let marks = Marks(try await session.repository())
        func record(_ set: BackupSet, _ nonce: String) throws {
            try marks.put(
                RecordedMark(
                    tool: Release.tool, set: set.name, results: [],
                    canaries: [.init(component: "tree", value: nonce, at: 1)]))
        }
        try record(new, "dr-1")
        let sabotage = try #require(try await pick(.oldSet, choice(new)))
        guard case .oldSet(let chosen, let passedOffAs) = sabotage else {
            Issue.record("picked another kind: \(sabotage.text)")
            return
        }
        #expect(chosen == old.name)
        #expect(passedOffAs.newest?.name == new.name)
        try record(old, "dr-1")
        #expect(try await pick(.oldSet, choice(new)) == nil)
    }
}
