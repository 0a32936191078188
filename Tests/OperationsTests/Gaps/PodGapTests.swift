import BackupRepository
import Testing

@testable import Operations

@Suite struct PodGapTests {
    @Test(arguments: [(true, true), (true, false), (false, true)])
    func `files of a pod are not suggested as files of this machine`(_ isInFiles: Bool, isInPod: Bool) {
        let gap = Gap("rules: /etc/rules/a.yml", why: "w", remedy: "data: /etc/rules", isInFiles: isInFiles)
        let row = GapReport.Row("prometheus", gap, isInPod: isInPod)
        let isTold = isInFiles && isInPod
        #expect(row.object == (isTold ? "rules: /etc/rules/a.yml (in the server's pod)" : gap.object))
        #expect(row.remedy.contains("/etc/rules") != isTold)
    }
}
