import BackupRepository
import Testing

@testable import Operations

@Suite struct RestoreProgressTests {
    @Test func `each restore that runs has a line`() {
        let restores = RestoreProgress()
        let loki = WorkProgress(), grafana = WorkProgress(), files = WorkProgress()
        restores.begin("loki", loki)
        restores.begin("grafana", grafana)
        restores.begin("files", files)
        loki.begin("fetching")
        loki.update { state in
            state.bytes = 512
            state.totalBytes = 2048
        }
        grafana.begin("importing")
        grafana.update { state in
            state.files = 3
            state.totalFiles = 7
        }
        #expect(
            restores.lines
                == ["loki: fetching 512 B of 2.00 KiB (25%)", "grafana: importing 3 of 7", "files: restoring"])
        restores.end("loki")
        #expect(restores.lines.count == 2)
    }

    @Test func `an import that fails names five objects and counts the rest`() throws {
        let tally = ObjectTally()
        for number in 1...7 {
            tally.add(ImportedObject("dashboard", "d\(number)", outcome: .failed, detail: "HTTP 500"))
        }
        let error = #expect(throws: (any Error).self) { try tally.refuseFailures(of: "grafana") }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains("7 objects"))
        #expect(text.contains("dashboard d5: HTTP 500; and 2 more"))
        #expect(!text.contains("d6"))
    }
}
