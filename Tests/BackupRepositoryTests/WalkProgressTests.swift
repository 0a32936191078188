import Foundation
import Logging
import Synchronization
import Testing

@testable import BackupRepository

/// What a backup tells while it walks a component.
@Suite struct WalkProgressTests {
    @Test func `a walk over many files is no stall`() async throws {
        let fixture = try Fixture()
        for number in 0..<20 { try fixture.write("\(number)", "content") }
        let repository = try fixture.repository()
        let progress = WorkProgress()
        let most = Mutex(0)
        var source = StubSource(root: fixture.source.path)
        source.excluding = { _ in
            let state = progress.state
            if state.phase == "scanning" { most.withLock { $0 = max($0, state.files) } }
            return false
        }
        var component = BackupRun.Component(name: "tree", kind: "files", source: source)
        component.progress = progress
        let report = try await BackupRun(
            repository: repository, components: [component], stack: "test", tool: "test",
            state: try fixture.state(of: repository), pool: Fixture.pool, logger: Logger(label: "test"),
            now: Fixture.clock
        ).run()
        #expect(most.withLock { $0 } == 19, "each file is counted before the next one is looked at")
        #expect(report.manifests["tree"]?.totals.files == 20)
    }

    @Test func `a component that fails shows no count of what it did before`() async throws {
        struct Broken: Error {}
        let fixture = try Fixture()
        let progress = WorkProgress()
        var source = StubSource(root: fixture.source.path)
        source.capturing = {
            progress.update { ($0.files, $0.bytes, $0.totalBytes) = (12, 100, 1000) }
            throw Broken()
        }
        var component = BackupRun.Component(name: "tree", kind: "files", source: source)
        component.progress = progress
        let repository = try fixture.repository()
        let run = BackupRun(
            repository: repository, components: [component], stack: "test", tool: "test",
            state: try fixture.state(of: repository), pool: Fixture.pool, logger: Logger(label: "test"),
            now: Fixture.clock)
        _ = try? await run.run()
        #expect(progress.state == WorkProgress.State(of: "failed"))
    }
}
