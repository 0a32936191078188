import Foundation
import Lab
import Testing

/// The built program takes over what other tools have left.
@Suite struct ImportTests {
    private struct Answer: Decodable {
        struct Imported: Decodable {
            struct Component: Decodable { var files: Int? }
            var source: String
            var set: String
            var components: [String: Component]
            var reasons: [String]
        }
        struct Skipped: Decodable { var source: String }
        struct Refused: Decodable {
            var source: String
            var reason: String
        }
        var imported: [Imported]
        var skipped: [Skipped]
        var refused: [Refused]
    }

    private func run(_ journey: Journey, _ status: Int32, _ arguments: String...) async throws -> Answer {
        let run = try await journey.dr(["import"] + arguments + ["--json"])
        #expect(run.status == status, "\(run.output)\n\(run.errors)")
        let document = Data(run.output.utf8)
        #expect(try await journey.objections(to: document, schema: "output.schema.json", "import") == "")
        return try JSONDecoder().decode(Answer.self, from: document)
    }

    /// Runs Python with a helper that writes an archive whose paths nothing checks.
    private func python(_ journey: Journey, _ script: String) async throws {
        let head = """
            import io, json, os, tarfile
            def tar(path, members):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with tarfile.open(path, 'w:gz') as t:
                    for name, content in members.items():
                        info = tarfile.TarInfo(name)
                        data = content if isinstance(content, bytes) else json.dumps(content).encode()
                        info.size, info.mtime = len(data), 1600000000
                        t.addfile(info, io.BytesIO(data))
            def write(path, value):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                json.dump(value, open(path, 'w'))

            """
        let run = try await CommandRun.run(
            try LabTool.path("python"), ["-c", head + script], in: journey.folder.url)
        try #require(run.status == 0, "\(run.errors)")
    }

    private func stamp(_ seconds: Int) -> String {
        let formatter = DateFormatter()
        (formatter.locale, formatter.timeZone) = (Locale(identifier: "en_US_POSIX"), TimeZone(identifier: "UTC"))
        formatter.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
        return formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
    }

    @Test func `the runbook's backups are restored with the same answers`() async throws {
        let end = Int(Date().timeIntervalSince1970) / 7200 * 7200 - 7200
        let grafana = try await GrafanaStandIn(.empty(firstID: 100))
        let journey = try await Journey(
            components: """
                prometheus: {url: 'http://127.0.0.1:1', data: /var/lib/dr-lab-nowhere}
                  grafana: {url: '\(grafana.url)', username: admin, password: {env: GRAFANA_PASSWORD}}
                """, extra: "objectives: {rpo: 1h}",
            environment: ["GRAFANA_PASSWORD": GrafanaState.adminPassword])
        let folder = journey.folder.url
        let data = folder.appending(path: "data")
        _ = try await OpenMetricsHistory(interval: end - 4 * 3600...end, step: 60, instances: 2).makeBlocks(in: data)
        let probe = PrometheusQueryProbe(OpenMetricsHistory.expressions, over: end - 3 * 3600...end)
        let server = try await PrometheusServer.start(data: data, folder: folder)
        let before = try await probe.answers(of: server)
        try await server.stop()

        // As the scripts leave them: one good, one of the same time, one that was cut, one that leads out.
        let (time, late, hostile) = (stamp(end + 600), stamp(end + 1200), stamp(end + 1800))
        let other = "\(end + 600)"
        let make = """
            set -e
            mkdir -p old/prometheus/\(time) old/prometheus/\(late) old/prometheus/\(other)
            tar -czf old/prometheus/\(time)/data.tar.gz data
            tar -czf old/prometheus/\(other)/data.tar.gz --exclude=data/wal data
            head -c -100 old/prometheus/\(time)/data.tar.gz > old/prometheus/\(late)/data.tar.gz
            """
        let made = try await CommandRun.run("/bin/sh", ["-c", make], in: folder)
        try #require(made.status == 0, "\(made.errors)")
        try await python(
            journey,
            """
            tar('old/prometheus/\(hostile)/data.tar.gz', {'data/x': b'x', '../../evil': b'x'})
            write('old/grafana/\(time)/dashboards.json', [
                {'dashboard': {'id': 7, 'uid': 'a', 'title': 'A', 'panels': [], 'version': 3},
                 'meta': {'folderUid': 'f', 'folderTitle': 'Folder'}},
                {'dashboard': {'uid': 'b', 'title': 'B', 'panels': []}}])
            write('old/grafana/\(time)/datasources.json', [
                {'id': 1, 'uid': 'p', 'orgId': 1, 'name': 'P', 'type': 'prometheus', 'url': 'http://p:9090'}])
            """)

        let preview = try await run(journey, 0, "runbook", "old", "--dry-run")
        #expect(preview.imported.count == 4 && preview.refused.isEmpty)
        let answer = try await run(journey, 3, "runbook", "old")
        #expect(answer.imported.map(\.set) == [time, stamp(end + 601)])
        #expect(answer.imported.first.map { $0.components.keys.sorted() } == ["grafana", "prometheus"])
        #expect(answer.imported.last?.reasons.contains { $0.contains("next free second") } == true)
        #expect(answer.refused.map(\.source) == ["prometheus/\(late)", "prometheus/\(hostile)"])
        #expect(answer.refused.map(\.reason) == ["archive_truncated", "archive_leaves_folder"])
        let paths = FileManager.default.enumerator(atPath: folder.path)?.allObjects as? [String] ?? []
        #expect(!paths.contains { $0.hasSuffix("evil") } && !paths.contains { $0.hasPrefix("state/import/") })

        // Nothing is imported twice, and no age is renewed.
        let again = try await run(journey, 3, "runbook", "old")
        #expect(again.imported.isEmpty && again.skipped.count == 2 && again.refused.count == 2)
        try await journey.expect(5, "status")
        try await journey.expect(0, "verify", "--read-data")

        try await journey.expect(0, "restore", "--component", "prometheus", "--to", "restored")
        let restored = try await PrometheusServer.start(data: folder.appending(path: "restored"), folder: folder)
        let comparison = probe.compare(before, try await probe.answers(of: restored))
        #expect(comparison.compared > 20 && comparison.differing.isEmpty && comparison.empty == 0)
        try await restored.stop()
        let text = try await journey.expect(0, "restore", "--component", "grafana").output
        for line in [
            "folder 'Folder' (uid f)", "dashboard 'A' (uid a)", "dashboard 'B' (uid b)", "data source 'P' (uid p)",
        ] {
            #expect(text.contains("create\t\(line)"), "\(text)")
        }
        let second = try await journey.expect(0, "restore", "--component", "grafana").output
        #expect(!second.contains("create\t") && !second.contains("update\t"))
    }

    @Test func `an archive of grafana-backup-tool is restored object by object`() async throws {
        let grafana = try await GrafanaStandIn(.empty(firstID: 100))
        let journey = try await Journey(
            components: "grafana: {url: '\(grafana.url)', username: admin, password: {env: GRAFANA_PASSWORD}}",
            environment: ["GRAFANA_PASSWORD": GrafanaState.adminPassword])
        try await python(
            journey,
            """
            ts = '202009131226'
            def members(title): return {
                f'_OUTPUT_/folders/{ts}/f.folder': {'id': 1, 'uid': 'f', 'title': 'Folder'},
                f'_OUTPUT_/folders/{ts}/f.folder_permission': [{'role': 'Viewer', 'permission': 1}],
                f'_OUTPUT_/folders/{ts}/folders_{ts}.txt': b'uid/f Folder',
                f'_OUTPUT_/dashboards/{ts}/a-slug.dashboard':
                    {'meta': {'folderUid': 'f', 'folderTitle': 'Folder'}, 'dashboard': {'uid': 'a', 'title': title, 'panels': []}},
                f'_OUTPUT_/datasources/{ts}/p.datasource':
                    {'uid': 'p', 'name': 'P', 'type': 'prometheus', 'url': 'http://p:9090', 'access': 'proxy'},
                f'_OUTPUT_/contact_points/{ts}/contact_points.contact_point':
                    [{'uid': 'c', 'name': 'C', 'type': 'email', 'settings': {'addresses': 'a@example.org'}}],
                f'_OUTPUT_/users/{ts}/1.user': {'login': 'ann'}}
            tar('one/202009131226.tar.gz', members('A'))
            tar('two/202009131226.tar.gz', members('Other'))
            tar('three/202009131300.tar.gz', {'x/y.dashboard': {'uri': 'db/a', 'title': 'A'}})
            """)
        // Two archives of one time are two sets; their files are older than the name says.
        let answer = try await run(journey, 3, "grafana-backup-tool", "one/202009131226.tar.gz", "two", "three")
        #expect(answer.imported.map(\.set) == ["20200913T122600Z", "20200913T122601Z"])
        #expect(answer.imported.first?.reasons.contains { $0.contains("1 of .user") } == true)
        #expect(answer.refused.map(\.source) == ["202009131300.tar.gz"])
        let moved = try await run(journey, 0, "grafana-backup-tool", "two/202009131226.tar.gz")
        #expect(moved.skipped.count == 1 && moved.imported.isEmpty)
        let text = try await journey.expect(0, "restore", "--component", "grafana", "--at", "20200913T122600Z").output
        for line in ["folder 'Folder'", "dashboard 'A'", "data source 'P'", "contact point 'C'"] {
            #expect(text.contains("create\t\(line)"), "\(text)")
        }
    }

    @Test func `snapshots of restic keep their times and files`() async throws {
        let journey = try await Journey(environment: ["RESTIC_PASSWORD": "secret"])
        try journey.write("a/one", "1")
        try FileManager.default.createSymbolicLink(
            atPath: journey.data.appending(path: "link").path, withDestinationPath: "/etc")
        let restic = try LabTool.path("restic")
        func back(_ arguments: String...) async throws {
            let run = try await CommandRun.run(
                restic, ["-q", "-r", "old", "--no-cache"] + arguments, in: journey.folder.url,
                environment: ["RESTIC_PASSWORD": "secret", "TZ": "UTC"])
            try #require(run.status == 0, "\(run.errors)")
        }
        try await back("init")
        try await back("backup", journey.data.path, "--time", "2026-03-01 02:00:00")
        try journey.write("a/two", "2")
        try await back("backup", journey.data.path, "--time", "2026-03-02 02:00:00")
        try await back("backup", "/etc/hostname", "--time", "2026-03-03 02:00:00")
        let answer = try await run(journey, 0, "restic", "old")
        #expect(answer.imported.map(\.set) == ["20260301T020000Z", "20260302T020000Z"])
        #expect(answer.imported.map { $0.components["tree"]?.files } == [1, 2])
        #expect(try await run(journey, 0, "restic", "old").skipped.count == 2)
        try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        let same = try await CommandRun.run(
            "/usr/bin/diff", ["-r", "--no-dereference", "data", "out"], in: journey.folder.url)
        #expect(same.status == 0, "\(same.output)")
        let file = journey.folder.url.appending(path: "wrong")
        try Data("wrong\n".utf8).write(to: file)
        let wrong = try await journey.expect(1, "import", "restic", "old", "--password-file", file.path)
        #expect(wrong.errors.contains("password"))
        // The ledger has each set.
        #expect(try await journey.expect(0, "ledger", "list").output.contains("20260302T020000Z"))
    }
}
