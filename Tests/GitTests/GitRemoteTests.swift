import BackupRepository
import Foundation
import Lab
import Testing

@testable import Git

/// Repositories behind servers on this machine.
@Suite struct GitRemoteTests {
    @Test func `a daemon serves a repository`() async throws {
        let fixture = try await GitFixture()
        let port = try FreePort.find()[0]
        // Run directly, not through `git`: its end must be the server's end.
        let programs = try await fixture.git("--exec-path")
        let server = try await ServerProcess(
            "git-daemon", executable: "\(programs)/git-daemon",
            arguments: [
                "--reuseaddr", "--listen=127.0.0.1", "--port=\(port)", "--export-all",
                "--base-path=\(fixture.folder.path)",
            ], folder: fixture.folder.url)
        let url = "git://127.0.0.1:\(port)/origin"
        try await server.waitUntil {
            let ask = try await CommandRun.run("/usr/bin/env", ["git", "ls-remote", url])
            return ask.status == 0
        }
        let first = try await fixture.capture(url)
        #expect(first.capture.record.commits == 2 && first.capture.record.url == url)
        #expect(try await fixture.capture(url).tree == first.tree)
        // It has nothing to clean up.
        server.end()
        #expect(await fixture.failure(url)?.reason == .unreachable)
    }

    /// A web server that requires a password for every request.
    @Test(arguments: [("ada", "right"), ("ada", "wrong")]) func `a password reaches the server and nothing else`(
        user: String, password: String
    ) async throws {
        let fixture = try await GitFixture()
        let bare = "\(fixture.folder.path)/served.git"
        try await fixture.git("clone", "--quiet", "--bare", fixture.origin, bare)
        try await fixture.git("update-server-info", in: bare)
        let script = """
            import base64, functools, http.server, sys
            class Guarded(http.server.SimpleHTTPRequestHandler):
                def do_GET(self):
                    wanted = "Basic " + base64.b64encode(b"ada:right").decode()
                    if self.headers.get("Authorization") == wanted: return super().do_GET()
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="x"')
                    self.end_headers()
            server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), functools.partial(Guarded, directory=sys.argv[1]))
            open(sys.argv[1] + "/up", "w").close()
            server.serve_forever()
            """
        let port = try FreePort.find()[0]
        let server = try await ServerProcess(
            "web", executable: "/usr/bin/env", arguments: ["python3", "-c", script, fixture.folder.path, "\(port)"],
            folder: fixture.folder.url)
        try await server.waitUntil { FileManager.default.fileExists(atPath: "\(fixture.folder.path)/up") }
        var access = GitAccess()
        (access.username, access.password) = (user, password)
        let url = "http://127.0.0.1:\(port)/served.git"
        if password == "right" {
            #expect(try await fixture.capture(url, access: access).capture.record.commits == 2)
        } else {
            let refused = access
            let error = await #expect(throws: ComponentError.self) { try await fixture.capture(url, access: refused) }
            #expect(error?.reason == .refused && !"\(String(describing: error))".contains("wrong"))
        }
        // The files in the state folder do not contain it.
        let grep = try await CommandRun.run("/usr/bin/grep", ["-r", "-l", password, fixture.state])
        #expect(grep.output.isEmpty)
        let error = await fixture.failure(url)
        #expect(error?.reason == .refused && error?.hint?.contains("`username`") == true)
    }
}
