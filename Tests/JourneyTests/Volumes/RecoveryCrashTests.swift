import Documents
import Foundation
import Lab
import Synchronization
import Testing

/// A recovery into a cluster whose coordinator is killed again and again.
@Suite(.serialized, .enabled(if: LaboratoryCluster.isPossible)) struct RecoveryCrashTests {
    private static let plan = """
        scenario: web
        objectives: {rto: 1h, rpo: 1h}
        steps:
          - id: stop
            kubectl: {scale: statefulset/web, replicas: 0, within: 1m, context: lab, namespace: monitoring}
            timeout: 3m
          - {id: data, needs: [stop], restore: {component: web, previous: discard}, timeout: 5m}
          - id: start
            needs: [data]
            kubectl: {scale: statefulset/web, replicas: previous, within: 1m, context: lab, namespace: monitoring}
            verify: [{kubectl: {rollout: statefulset/web, within: 1m, context: lab, namespace: monitoring}}]
            timeout: 3m

        """

    /// The journal of the only run.
    private func journal(_ place: VolumeJourney) -> [JSONValue] {
        let runs = place.journey.folder.url.appending(path: "state/runs")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runs.path)) ?? []
        for name in names.sorted() {
            let file = runs.appending(path: "\(name)/journal.jsonl")
            guard let text = try? String(contentsOf: file, encoding: .utf8) else { continue }
            return text.split(separator: "\n").compactMap { try? JSONValue(parsing: Array($0.utf8)) }
        }
        return []
    }

    /// The event of a line with its subject: "step_began data".
    private func event(_ line: JSONValue) -> String {
        guard let (name, fields) = line["event"]?.object?.first else { return "?" }
        let subjects = [
            fields["attempt"]?["step"], fields["result"]?["step"], fields["step"], fields["milestone"], fields["name"],
        ]
        return ([name] + subjects.compactMap { $0?.text }).joined(separator: " ")
    }

    /// Runs the scenario until it ends or a moment comes at which it has not been killed yet, and kills it then.
    /// - Returns: the moments that have passed, more than one if lines were written together; nil if it ended.
    private func run(
        _ place: VolumeJourney, resumes: Bool, killed: Set<String>, isAttached: @escaping () -> Bool
    ) async throws -> Set<String>? {
        let lines = journal(place).count
        let arguments = ["restore", "--scenario", "web", "--yes", "--no-progress"] + (resumes ? ["--resume"] : [])
        let process = try await ServerProcess(
            "run", executable: Journey.program, arguments: arguments, folder: place.journey.folder.url,
            environment: place.journey.environment)
        defer { kill(process.processIdentifier, SIGKILL) }
        let deadline = ContinuousClock.now + Patience.long
        while process.isRunning {
            guard ContinuousClock.now < deadline else { throw LabError("the run does not end: \(log(place))") }
            var moments = journal(place).dropFirst(lines).map(event)
            if isAttached() { moments.append("attached") }
            if !killed.isSuperset(of: moments) {
                kill(process.processIdentifier, SIGKILL)
                while process.isRunning { try await Task.sleep(for: .milliseconds(2)) }
                return Set(moments + journal(place).dropFirst(lines).map(event))
            }
            try await Task.sleep(for: .milliseconds(3))
        }
        return nil
    }

    private func log(_ place: VolumeJourney) -> String {
        (try? String(contentsOf: place.journey.folder.url.appending(path: "run.log"), encoding: .utf8)) ?? ""
    }

    @Test func `a recovery that is killed after each line of its journal is resumed to its end`() async throws {
        let component = "web: {kind: files, kubernetes: {workload: statefulset/web}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await place.applyFiles(replicas: 2, files: 20, size: "100Mi")
            try await place.cluster.waitUntilReady("web-1", namespace: VolumeJourney.namespace)
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.cluster.require([
                "exec", "-n", VolumeJourney.namespace, "web-0", "--", "sh", "-c",
                "rm /srv/web/sub/3; echo x > /srv/web/sub/4",
            ])
            let plans = place.journey.folder.url.appending(path: "plans")
            try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
            try Data(Self.plan.utf8).write(to: plans.appending(path: "web.yaml"))
            let attached = Mutex(false)
            place.cluster.kubelet.failExec { request in
                if request.command.contains("attach") { attached.withLock { $0 = true } }
                return nil
            }

            var killed: Set<String> = []
            for attempt in 0..<60 {
                let moments = try await run(place, resumes: attempt > 0, killed: killed) { attached.withLock { $0 } }
                guard let moments else { break }
                killed.formUnion(moments)
                if moments.contains(where: { $0.hasPrefix("run_finished") }) { break }
            }
            let last = try #require(journal(place).last)
            #expect(last["event"]?["run_finished"]?["end"]?["verdict"]?.text == "recovered", "\(last)\n\(log(place))")
            let expected: Set = [
                "run_began", "run_resumed", "step_began stop", "remembered", "step_finished stop",
                "reached target_ready",
                "step_began data", "attached", "step_finished data", "step_began start", "step_finished start",
                "reached validated",
            ]
            let missing = expected.filter { start in !killed.contains { $0.hasPrefix(start) } }
            #expect(missing.isEmpty, "it was not killed at \(missing.sorted()), but at \(killed.sorted())")

            try await place.cluster.waitUntilReady("web-0", namespace: VolumeJourney.namespace)
            try await place.cluster.waitUntilReady("web-1", namespace: VolumeJourney.namespace)
            #expect(try await place.sums() == before)
            #expect(try await place.kept() == "", "the previous content is still there")
            let web = try await place.cluster.object(["statefulset", "web", "-n", VolumeJourney.namespace])
            #expect(web["spec"]?["replicas"] == 2)
            let annotations = (web["metadata"]?["annotations"]?.object ?? [:]).keys.filter { $0.hasPrefix("dr/") }
            #expect(annotations == [])
            try await Patience.wait(until: "no mover is left") { try await place.movers() == [] }
        }
    }

    @Test func `a plan discards the previous content only once it is validated`() async throws {
        let component = "web: {kind: files, kubernetes: {workload: statefulset/web}}"
        try await VolumeJourney.run(components: component) { place in
            try await place.makeNamespace()
            try await place.applyFiles(files: 20, size: "100Mi")
            let before = try await place.sums()
            try await place.journey.expect(0, "backup")
            try await place.cluster.require([
                "exec", "-n", VolumeJourney.namespace, "web-0", "--", "sh", "-c", "rm /srv/web/sub/3",
            ])
            let plans = place.journey.folder.url.appending(path: "plans")
            try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
            var kept: [String] = []
            for program in ["false", "true"] {
                let proof = "  - {id: proof, needs: [start], run: [\"\(program)\"], timeout: 1m}\n"
                try Data((Self.plan + proof).utf8).write(to: plans.appending(path: "web.yaml"))
                try await place.journey.expect(program == "true" ? 0 : 1, "restore", "--scenario", "web", "--yes")
                try await place.cluster.waitUntilReady("web-0", namespace: VolumeJourney.namespace)
                #expect(try await place.sums() == before)
                kept.append(try await place.kept())
            }
            #expect(kept[0].contains(".dr-before-"))
            #expect(kept[1] == kept[0], "the second run discards only the content that it replaced itself")
            try await Patience.wait(until: "no mover is left") { try await place.movers() == [] }
        }
    }
}
