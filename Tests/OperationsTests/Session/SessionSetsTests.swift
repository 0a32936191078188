import BackupRepository
import Foundation
import Lab
import Operations
import Platform
import Testing

@Suite struct SessionSetsTests {
    @Test func `a backup of an unknown component is a usage error that lists the components`() async throws {
        let fixture = try await StackFixture()
        #expect(
            throws: UsageError("there is no component 'grafana' in the configuration; the components are: tree")
        ) { _ = try BackupJob(fixture.session, Output(options: fixture.session.options), only: ["grafana"]) }
    }

    @Test func `without a backup the error names the command that makes one`() async throws {
        let fixture = try await StackFixture()
        let repository = try await fixture.session.repository()
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await fixture.session.set(.latest, in: repository)
        }
        #expect(error?.reason == .noSuchSet)
        #expect(error?.hint?.contains("dr backup") == true)
    }

    @Test func `an age older than every set names the oldest set`() async throws {
        let fixture = try await StackFixture()
        let set = try await fixture.backUp()
        let repository = try await fixture.session.repository()
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await fixture.session.set(.age(seconds: 86_400), in: repository)
        }
        #expect(error?.reason == .noSuchSet)
        #expect(error?.hint?.contains("\(set.name)") == true)
    }

    @Test func `a component that no set holds names the components that are held`() async throws {
        let fixture = try await StackFixture()
        let set = try await fixture.backUp()
        let repository = try await fixture.session.repository()
        let error = await #expect(throws: RepositoryError.self) {
            _ = try await fixture.session.set(of: "loki", in: RestoreSelection(set), repository)
        }
        #expect(error?.reason == .noSuchComponent)
        #expect(error?.hint == "the set has: tree")
    }

    @Test func `a store in a directory passes every check and keeps no probe`() async throws {
        let fixture = try await StackFixture()
        let checks = await StoreChecks(session: fixture.session).run()
        // The fixture's sets are not signed, which the doctor says.
        #expect(checks.filter { $0.verdict != .ok }.map(\.name) == ["signing"])
        #expect(checks.map(\.name).contains("store: refuse to overwrite"))
        let probes = "\(fixture.folder.path)/repository/marks/probe"
        #expect((try? FileManager.default.contentsOfDirectory(atPath: probes)) ?? [] == [])
    }
}
