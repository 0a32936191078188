import Documents
import Foundation
import Lab
import Testing

/// `dr init --discover` as a user runs it.
@Suite struct DiscoverTests {
    @Test func `an existing file is never overwritten, and without usable servers nothing is written`() async throws {
        let journey = try await Journey(initialize: false)
        let before = try Data(contentsOf: journey.folder.url.appending(path: "dr.yaml"))
        let refused = try await journey.expect(2, "init", "--discover")
        #expect(refused.errors.contains("exists already"))
        #expect(try Data(contentsOf: journey.folder.url.appending(path: "dr.yaml")) == before)
    }

    @Test func `the template is printed, and nothing is written`() async throws {
        let folder = try TemporaryFolder("template")
        let run = try await CommandRun.run(Journey.program, ["init", "--template"], in: folder.url)
        #expect(run.status == 0 && run.output.contains("\ncomponents:\n"), "\(run.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    /// Runs a script on a machine with its own network, so that all usual ports are free.
    private func machine(_ script: String) async throws -> (run: CommandRun, folder: TemporaryFolder) {
        let folder = try TemporaryFolder("machine")
        let environment = [
            "DR": Journey.program, "PROMETHEUS": try LabTool.path("prometheus"), "HOME": folder.path,
            "XDG_STATE_HOME": "\(folder.path)/state", "XDG_CACHE_HOME": "\(folder.path)/cache",
        ]
        let run = try await CommandRun.run(
            "/usr/bin/unshare", ["-rn", "/bin/bash", "-ec", "ip link set lo up\n\(script)"], in: folder.url,
            environment: environment)
        return (run, folder)
    }

    @Test(.enabled(if: TinyDisk.isPossible && LabTool.isInstalled("prometheus")))
    func `a running server is found, and dr doctor passes with the new file`() async throws {
        let (run, folder) = try await machine(
            """
            echo 'scrape_configs: [{job_name: lab, static_configs: [{targets: ["127.0.0.1:9090"]}]}]' > server.yml
            mkdir pages
            $PROMETHEUS --config.file=server.yml --storage.tsdb.path=tsdb --web.enable-admin-api \
              --web.listen-address=127.0.0.1:9090 > server.log 2>&1 &
            server=$!
            /usr/bin/python3 -m http.server 3000 --bind 127.0.0.1 --directory pages > /dev/null 2>&1 &
            trap "kill -9 $server $!" EXIT   # the test runner blocks signals for its children
            ready='import urllib.request as web; [web.urlopen("http://127.0.0.1:" + part) for part in ["9090/-/ready", "3000"]]'
            for attempt in $(seq 150); do /usr/bin/python3 -c "$ready" 2> /dev/null && break; sleep 0.2; done
            $DR init --discover --create --config dr.yaml --store "file://$PWD/repository"
            $DR doctor --config dr.yaml
            """)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        let text = try String(contentsOf: folder.url.appending(path: "dr.yaml"), encoding: .utf8)
        #expect(text.contains("\n  prometheus:\n    url: http://localhost:9090 "), "\(text)")
        #expect(text.contains("\n    data: \(folder.path)/tsdb "), "\(text)")
        // The other program on Grafana's port is named, and not taken.
        #expect(text.contains("# Not found at http://localhost:3000 (usual port 3000): another program answers there"))
        #expect(run.output.contains("other"), "\(run.output)")
    }

    @Test(.enabled(if: TinyDisk.isPossible && LabTool.isInstalled("prometheus")))
    func `a machine without servers is a usage error with the searched addresses`() async throws {
        let (run, folder) = try await machine("exec $DR init --discover --config dr.yaml")
        #expect(run.status == 2)
        #expect(run.errors.contains("no server was found that dr can back up"), "\(run.errors)")
        #expect(run.errors.contains("http://localhost:3100") && run.errors.contains("hint: "), "\(run.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }
}
