import Cryptography
import Foundation
import Lab
import Logging
import ObjectStorage
import Platform
import Testing

@testable import BackupRepository

/// The content of a restore point, with each component independent of the others.
@Suite struct RestorePointTests {
    private func set(_ parts: [String: (captured: Int, watermark: Int?)], failed: [String: String] = [:]) -> BackupSet {
        let now = Timestamp(seconds: 0)
        var set = BackupSet(
            format: 1, name: now, repository: "r", run: "x", tool: "test", stack: nil, started: now, finished: now,
            status: .complete, reasons: [], previous: nil, components: [:], failed: failed)
        for (name, part) in parts {
            set.components[name] = .init(
                source: "files", manifest: now, sha256: .init(of: []), captured: Timestamp(seconds: part.captured),
                watermark: part.watermark, files: 1, bytes: 0, damaged: 0,
                added: .init(files: 0, bytes: 0, stored: 0, packs: 0), seconds: 0)
        }
        return set
    }

    private func point(_ set: BackupSet, now: Int = 10_000, rpo: Int? = nil) -> RestorePoint {
        RestorePoint(set, now: Timestamp(seconds: now), rpo: rpo)
    }

    @Test func `the oldest newest datum decides`() {
        let set = set(["prometheus": (9000, 8_400_999), "grafana": (9010, nil), "loki": (9005, 8_999_000)])
        let point = point(set, rpo: 1000)
        #expect(point.skewSeconds == 609 && point.oldest == "prometheus" && point.newest == "grafana")
        #expect(point.lossSeconds == 1600 && point.verdict == .late && point.rpoSeconds == 1000)
        #expect(point.components.map(\.component) == ["grafana", "loki", "prometheus"])
        #expect(point.components.map(\.ageSeconds) == [990, 1001, 1600])
        #expect(point.components.map(\.basis) == [.capture, .watermark, .watermark])
        #expect(point.components.map(\.verdict) == [.ok, .late, .late])
    }

    @Test(arguments: [(1600, RestorePoint.Verdict.ok), (1599, .late), (nil, .ok)] as [(Int?, RestorePoint.Verdict)])
    func `the objective is met up to its last second`(rpo: Int?, verdict: RestorePoint.Verdict) {
        #expect(point(set(["prometheus": (9000, 8_400_000)]), rpo: rpo).verdict == verdict)
    }

    @Test func `a component missing from the backup set is reported as missing`() {
        let point = point(set(["grafana": (9000, nil)], failed: ["loki": "unreachable"]), rpo: 3600)
        #expect(point.verdict == .missing && point.lossSeconds == 1000 && point.skewSeconds == 0)
        let loki = point.components.first { $0.component == "loki" }
        #expect(loki?.verdict == .missing && loki?.newestDatum == nil && loki?.ageSeconds == nil && loki?.basis == nil)
    }

    @Test func `clocks that differ by minutes make no negative ages, by more no fresh data`() {
        let near = point(set(["prometheus": (9000, 10_200_000)]), rpo: 1)
        #expect(near.lossSeconds == 0 && near.verdict == .ok)
        #expect(point(set(["prometheus": (9000, 20_000_000)]), rpo: 1).verdict == .future)
    }

    @Test(
        arguments: [
            (DatumState.empty, nil, RestorePoint.Verdict.empty), (.empty, 3600, .empty), (.unknown, nil, .ok),
            (.unknown, 3600, .unknown), (.future, nil, .future),
        ] as [(DatumState, Int?, RestorePoint.Verdict)])
    func `a component without a newest datum is not fresh`(state: DatumState, rpo: Int?, verdict: RestorePoint.Verdict)
    {
        var set = set(["logs": (9990, state == .future ? 9_990_000 : nil), "files": (9999, nil)])
        set.components["logs"]?.datum = state
        let point = point(set, rpo: rpo)
        #expect(point.verdict == verdict)
        #expect(point.components.first { $0.component == "logs" }?.verdict == verdict)
        #expect((point.components.first { $0.component == "logs" }?.newestDatum == nil) == (state != .future))
    }

    @Test func `a component of no files is empty, also in sets of early versions`() {
        var set = set(["files": (9999, nil)])
        set.components["files"]?.files = 0
        #expect(point(set).verdict == .empty)
    }

    @Test func `a set of nothing promises nothing`() {
        let point = point(set([:], failed: ["a": "x"]))
        #expect(point.lossSeconds == nil && point.oldest == nil && point.skewSeconds == 0 && point.verdict == .missing)
    }

    // MARK: Of a real run

    /// - Parameter hanging: components with a short time-out.
    private func run(
        _ sources: [String: StubSource], of fixture: Fixture, into repository: Repository, hanging: Set<String> = []
    ) async throws -> BackupRun.Report {
        let state = try StateFolder(
            fixture.folder.url.appending(path: "state").path, repository: repository.description)
        return try await BackupRun(
            repository: repository,
            components: sources.sorted { $0.key < $1.key }.map {
                var component = BackupRun.Component(name: $0.key, kind: "files", source: $0.value)
                if hanging.contains($0.key) { component.stallTimeout = .milliseconds(50) }
                return component
            },
            stack: "test", tool: "test", state: state, pool: Fixture.pool, logger: Logger(label: "test"),
            now: Fixture.clock
        ).run()
    }

    /// Returns two good components, whose newest data are ten minutes apart.
    private func sources(_ fixture: Fixture) throws -> [String: StubSource] {
        try fixture.writeTree()
        var metrics = StubSource(root: fixture.source.path)
        metrics.watermark = 1_700_000_000_000
        metrics.facts = ["version": "1"]
        var logs = StubSource(root: fixture.source.path)
        logs.watermark = 1_700_000_600_000
        return ["metrics": metrics, "logs": logs]
    }

    @Test func `watermarks and skew are recorded`() async throws {
        let fixture = try Fixture()
        let repository = try fixture.repository()
        let set = try await run(try sources(fixture), of: fixture, into: repository).set
        #expect(set.status == .complete && set.components["metrics"]?.watermark == 1_700_000_000_000)
        #expect(try repository.manifest("metrics", of: set).watermark == 1_700_000_000_000)
        let point = RestorePoint(set, now: Timestamp(seconds: 1_700_001_000), rpo: 900)
        #expect(point.skewSeconds == 600 && point.oldest == "metrics" && point.lossSeconds == 1000)
        #expect(point.components.map(\.verdict) == [.ok, .late])
    }

    @Test(arguments: ["while capturing", "while storing", "by itself while others work", "by hanging"])
    func `one components failure costs the others nothing`(when: String) async throws {
        let fixture = try Fixture()
        var sources = try sources(fixture)
        var bad = StubSource(root: when == "while storing" ? "/nowhere/at/all" : fixture.source.path)
        let released = AsyncStream<Void>.makeStream()
        switch when {
        case "while capturing": bad.capturing = { throw ComponentError(.refused, operation: "export", "403 Forbidden") }
        case "while storing": bad.releasing = { released.continuation.finish() }
        case "by hanging": bad.capturing = { try await Task.sleep(for: .seconds(3600)) }
        default: bad.meddle = { throw ComponentError(.damaged, operation: "export", "the disk broke") }
        }
        sources["bad"] = bad
        let repository = try fixture.repository()
        let report = try await run(sources, of: fixture, into: repository, hanging: when == "by hanging" ? ["bad"] : [])
        #expect(report.set.status == .partial && report.set.failed.keys.sorted() == ["bad"])
        #expect(report.set.reasons[0].contains("no progress within") == (when == "by hanging"))
        #expect(report.set.components.keys.sorted() == ["logs", "metrics"])
        #expect(report.set.reasons.count == 1 && report.set.reasons[0].hasPrefix("bad: "))
        for name in ["logs", "metrics"] {
            let manifest = try repository.manifest(name, of: report.set)
            #expect(manifest.damage.isEmpty && manifest.totals.files == 23)
        }
        #expect(try await fixture.verify(repository).findings.isEmpty)
        if when == "while storing" { for await _ in released.stream {} }  // hangs here unless it was released
        #expect(RestorePoint(report.set, now: Fixture.clock(), rpo: nil).verdict == .missing)
    }

    /// A component that never responds delays the set until the run is cancelled. The objects that the others stored by
    /// then are in the repository, and the next run finds them. A set of half a run is never written.
    @Test func `a component that hangs is ended by the cancellation`() async throws {
        let fixture = try Fixture()
        let good = try sources(fixture)
        var sources = good
        var hanging = StubSource(root: fixture.source.path)
        let reached = AsyncStream<Void>.makeStream()
        hanging.capturing = {
            reached.continuation.finish()
            try await Task.sleep(for: .seconds(3600))
        }
        sources["hanging"] = hanging
        let others = AsyncStream<Void>.makeStream()
        for name in good.keys { sources[name]?.releasing = { others.continuation.yield() } }
        let repository = try fixture.repository()
        let all = sources
        let task = Task { try await run(all, of: fixture, into: repository) }
        for await _ in reached.stream {}
        var released = 0
        for await _ in others.stream {  // concurrently: they finish although the third hangs
            released += 1
            if released == good.count { break }
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try repository.setNames().isEmpty)
        let next = try await run(good, of: fixture, into: repository)
        #expect(next.set.status == .complete && next.set.components.count == 2)
        #expect(try await fixture.verify(repository).findings.isEmpty)
    }
}
