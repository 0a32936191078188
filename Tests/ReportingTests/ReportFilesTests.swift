import Documents
import Foundation
import Lab
import Platform
import RecoveryPlan
import Testing

@testable import Reporting

@Suite struct ReportFilesTests {
    private let folder: TemporaryFolder
    private let runs: RunFolder

    init() throws {
        folder = try TemporaryFolder("reports")
        runs = try RunFolder(state: folder.path)
    }

    private func begin(_ run: String) throws {
        let record = RunRecord(
            identity: RunIdentity(id: run, stack: "lab", scenario: "test", set: "20261123T010000Z"), isDrill: false,
            procedure: nil, planDigest: "p", parameters: [:], setDigest: "s", components: [], tool: "dr test",
            holder: RunHolder(person: "me", host: "here", process: 1, boot: "b"), startedAt: Date())
        try Journal(creating: runs.make(run)).append(.runBegan(run: record))
    }

    @Test func `without a run the error names the commands that make one`() {
        let error = #expect(throws: UsageError.self) {
            _ = try ReportFiles(state: folder.path).source(nil, actions: nil)
        }
        #expect(error?.message.contains("dr drill") == true)
    }

    @Test func `an unknown run is a usage error that names the newest runs`() throws {
        for number in 1...6 { try begin("20261123T01000\(number)Z-a") }
        let error = #expect(throws: UsageError.self) {
            _ = try ReportFiles(state: folder.path).source("20260101T000000Z-b", actions: nil)
        }
        #expect(error?.message.contains("20261123T010006Z-a") == true)
        #expect(error?.message.contains("20261123T010001Z-a") == false)
    }

    @Test func `the actions beside a journal belong to its report`() throws {
        try begin("20261123T010001Z-a")
        try begin("20261123T010002Z-a")
        let actions = "actions: [{action: Enlarge the disk, owner: ops, due: 2026-12-01}]"
        try Data(actions.utf8).write(to: URL(filePath: "\(runs.path)/20261123T010002Z-a/actions.yaml"))
        let files = ReportFiles(state: folder.path)
        #expect(try files.source(nil, actions: nil).actions.map(\.owner) == ["ops"])
        #expect(try files.source("20261123T010001Z-a", actions: nil).actions.isEmpty)
    }

    @Test(arguments: ["actions: [{action: a, owner: o}]", "actions: [{action: a, owner: o, due: soon}]", "[]"])
    func `actions without owner or date are refused`(_ text: String) throws {
        let file = "\(folder.path)/actions.yaml"
        try Data(text.utf8).write(to: URL(filePath: file))
        #expect(throws: DocumentError.self) { _ = try CorrectiveActionsFile.read(file) }
    }
}
