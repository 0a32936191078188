import Foundation
import Lab
import Synchronization
import Testing

/// Time stamps of reports. `openssl ts` behind an HTTP server is the authority.
@Suite struct StampedReportTests {
    private struct Drilled: Decodable { var verdict: String, files: [String] }
    private struct Verified: Decodable {
        struct Stamp: Decodable { var authority: String, isTrusted: Bool, seconds: Double, deviation: String? }
        struct Proof: Decodable { var stamp: Stamp? }
        var proof: Proof
    }

    /// The behaviour of the authority, which a test changes.
    private enum Act: Sendable { case stamp(by: String), error, garbage, silence }

    private final class Authority: Sendable {
        private let present = Mutex(Act.stamp(by: "clock"))
        var act: Act {
            get { present.withLock { $0 } }
            set { present.withLock { $0 = newValue } }
        }
    }

    private func openssl(_ arguments: String..., in folder: URL) async throws {
        let run = try await CommandRun.run("/usr/bin/openssl", arguments, in: folder)
        try #require(run.status == 0, "\(arguments): \(run.errors)")
    }

    private func authority(_ name: String, in folder: URL) async throws {
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=\(name)",
            "-days", "1", "-addext", "extendedKeyUsage=critical,timeStamping", "-keyout", "\(name).key", "-out",
            "\(name).crt", in: folder)
    }

    /// Answers each request with the present act.
    private func server(_ folder: URL, _ act: @escaping @Sendable () -> Act) throws -> ScriptedServer {
        let settings = """
            [tsa]
            default_tsa = this
            [this]
            serial = \(folder.path)/serial
            default_policy = 1.2.3.4.1
            digests = sha256
            signer_digest = sha256
            ess_cert_id_alg = sha256
            """
        try Data(settings.utf8).write(to: folder.appending(path: "tsa.cnf"))
        return try ScriptedServer { request, _ in
            switch act() {
            case .error: return .reply(.response(503, [], "busy"))
            case .garbage: return .reply(.response(200, [("Content-Type", "application/timestamp-reply")], "<html>"))
            case .silence: return .silence
            case .stamp(let name):
                let process = Process()
                process.executableURL = URL(filePath: "/usr/bin/openssl")
                process.currentDirectoryURL = folder
                process.standardError = FileHandle.nullDevice
                process.arguments = [
                    "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-signer", "\(name).crt", "-inkey",
                    "\(name).key", "-out", "reply.tsr",
                ]
                guard request["content-type"] == "application/timestamp-query",
                    (try? Data(request.body).write(to: folder.appending(path: "query.tsq"))) != nil,
                    (try? process.run()) != nil
                else { return .reset }
                process.waitUntilExit()
                guard let reply = try? Data(contentsOf: folder.appending(path: "reply.tsr")) else { return .reset }
                let headers = [
                    (name: "Content-Type", value: "application/timestamp-reply"),
                    (name: "Content-Length", value: "\(reply.count)"),
                ]
                return .reply(HTTPMessage("HTTP/1.1 200 OK", headers: headers, body: [UInt8](reply)))
            }
        }
    }

    /// Rewrites the time-out of the authority in `dr.yaml`.
    private func setTimeout(_ time: String, in journey: Journey) throws {
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        try Data(text.replacing(/timeout: 1[ms]/, with: "timeout: \(time)").utf8).write(to: file)
    }

    @Test func `a drills report has a stamp, and a drill passes without one`() async throws {
        let state = Authority()
        let folder = try TemporaryFolder("authority")
        for name in ["clock", "stranger"] { try await authority(name, in: folder.url) }
        let server = try server(folder.url) { state.act }
        defer { server.stop() }
        let ca = folder.url.appending(path: "clock.crt").path
        let journey = try await Journey(
            extra: """
                checks: {canaries: {tree: {}}}
                evidence:
                  timestamp: {url: "\(server.url)/tsr", ca: \(ca), timeout: 1m}
                """)
        let plans = journey.folder.url.appending(path: "plans")
        try FileManager.default.createDirectory(at: plans, withIntermediateDirectories: true)
        let plan = "scenario: loss\nsteps: [{id: tree, restore: tree, timeout: 5m}]\nchecks: [canaries]\n"
        try Data(plan.utf8).write(to: plans.appending(path: "loss.yaml"))
        try journey.write("a", "content")
        try await journey.expect(0, "backup")
        let drill = try await journey.json(Drilled.self, "drill", "--scenario", "loss", "--inject", "missing_pack")
        #expect(drill.verdict == "passed")
        let report = try #require(drill.files.first { $0.hasSuffix("report.json") })
        #expect(drill.files.contains("\(report).tsr"), "\(drill.files)")
        try await openssl("ts", "-verify", "-data", report, "-in", "\(report).tsr", "-CAfile", ca, in: folder.url)
        let trusted = try await journey.dr(["report", "verify", report, "--timestamp-ca", ca, "--json"])
        let proof = try JSONDecoder().decode(Verified.self, from: Data(trusted.output.utf8)).proof
        #expect(proof.stamp?.authority == "CN=clock" && proof.stamp?.isTrusted == true)
        #expect(proof.stamp?.deviation == nil && abs(proof.stamp?.seconds ?? 1000) < 60, "\(trusted.output)")
        let objections = try await journey.objections(
            to: Data(trusted.output.utf8), schema: "output.schema.json", "report verify")
        #expect(objections == "")
        let other = folder.url.appending(path: "stranger.crt").path
        let untrusted = try await journey.expect(4, "report", "verify", report, "--timestamp-ca", other)
        #expect(untrusted.errors.contains("its time stamp is not valid"), "\(untrusted.errors)")

        // The stamp of one report is none of another.
        let stamp = try Data(contentsOf: URL(filePath: "\(report).tsr"))
        for (act, words) in [
            (Act.error, "status 503"), (.garbage, "not a reply"), (.silence, "no time stamp"),
            (.stamp(by: "stranger"), "not valid"),
        ] {
            state.act = act
            // Only a server that never answers is given up soon: others may be slow under load.
            var isSilent = false
            if case .silence = act { isSilent = true }
            try setTimeout(isSilent ? "1s" : "1m", in: journey)
            let failed = try await journey.dr(["drill", "--scenario", "loss", "--inject", "missing_pack", "--json"])
            #expect(
                failed.status == 0 && failed.errors.contains("warning: the report has no time stamp"),
                "\(failed.errors)")
            let later = try JSONDecoder().decode(Drilled.self, from: Data(failed.output.utf8))
            let second = try #require(later.files.first { $0.hasSuffix("report.json") })
            let text = try String(contentsOfFile: second, encoding: .utf8)
            #expect(text.contains("the report has no time stamp") && text.contains(words), "\(words): \(failed.errors)")
            #expect(!FileManager.default.fileExists(atPath: "\(second).tsr"))
            guard case .error = act else { continue }
            try stamp.write(to: URL(filePath: "\(second).tsr"))
            let foreign = try await journey.expect(4, "report", "verify", second)
            #expect(foreign.errors.contains("its time stamp is not valid"), "\(foreign.errors)")
            // Later the authority is there again.
            state.act = .stamp(by: "clock")
            let there = try await journey.expect(4, "report", "stamp", second)
            #expect(there.errors.contains("it already has a time stamp"))
            let stamped = try await journey.dr(["report", "stamp", second, "--replace", "--json"])
            let document = Data(stamped.output.utf8)
            #expect(try await journey.objections(to: document, schema: "output.schema.json", "report stamp") == "")
            try await journey.expect(0, "report", "verify", second, "--timestamp-ca", ca)
        }
    }
}
