import Foundation
import Lab
import Testing

/// The production host, which is lost: encrypted, signed backups of two components.
struct LostHost {
    let journey: Journey
    /// The address of the store.
    let store: String
    /// The SHA-256 fingerprint of the signing certificate, with colons.
    let fingerprint: String
    /// The folder with the keys and the certificates.
    let kit: TemporaryFolder

    /// - Parameters:
    ///   - extra: more lines for `dr.yaml`.
    ///   - plans: the texts of plans, by file name.
    static func make(
        s3: (any S3Server)? = nil, extra: String = "", plans: [String: String] = [:],
        environment: [String: String] = [:]
    ) async throws -> LostHost {
        let kit = try TemporaryFolder("kit")
        _ = try await certificate("recovery", in: kit.url)
        let fingerprint = try await certificate("signing", in: kit.url)
        let options =
            "recipients: [\(kit.path)/recovery.crt], signing: {certificate: \(kit.path)/signing.crt, "
            + "key: \(kit.path)/signing.key}"
        let journey = try await Journey(
            s3: s3, store: options,
            components: "{tree: {kind: files, data: DATA/one}, other: {kind: files, data: DATA/two}}", extra: extra,
            environment: environment, initialize: false)
        let file = journey.folder.url.appending(path: "dr.yaml")
        let text = try String(contentsOf: file, encoding: .utf8).replacing("DATA", with: journey.data.path)
        try Data(text.utf8).write(to: file)
        for (name, text) in plans {
            let folder = journey.folder.url.appending(path: "plans")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: folder.appending(path: name))
        }
        try await journey.expect(0, "init")
        try journey.write("one/alerts", "first\n")
        try journey.write("two/deep/er/file", String(repeating: "0123456789abcdef", count: 10_000))
        try await journey.expect(0, "backup")
        let store = s3 == nil ? "file://\(journey.repository.path)" : "s3://\(journey.bucketAndPrefix)"
        return LostHost(journey: journey, store: store, fingerprint: fingerprint, kit: kit)
    }

    private static func openssl(_ arguments: [String], in folder: URL) async throws -> String {
        let run = try await CommandRun.run("/usr/bin/openssl", arguments, in: folder)
        try #require(run.status == 0, "\(run.errors)")
        return run.output
    }

    /// - Returns: the fingerprint of the certificate.
    private static func certificate(_ name: String, in folder: URL) async throws -> String {
        _ = try await openssl(
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-days", "1", "-keyout",
                "\(name).key", "-out", "\(name).crt",
            ], in: folder)
        let text = try await openssl(
            ["x509", "-in", "\(name).crt", "-noout", "-fingerprint", "-sha256"], in: folder)
        return String(try #require(text.split(separator: "=").last)).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The options that the kit provides.
    var options: String { "--store \(store) --recovery-key \(kit.path)/recovery.key --trust \(fingerprint)" }

    /// Removes the host's configuration, plans, state and data.
    func destroy() throws {
        for name in ["dr.yaml", "plans", "state", "data"] {
            try? FileManager.default.removeItem(at: journey.folder.url.appending(path: name))
        }
    }

    /// Runs a shell script on a machine that has only the kit: an empty environment, an empty folder.
    func onNewMachine(_ script: String, in folder: TemporaryFolder) async throws -> CommandRun {
        let credentials = journey.environment.filter { $0.key.hasPrefix("AWS_") }.map { "\($0.key)=\($0.value)" }
        let program = folder.url.appending(path: "bin")
        try FileManager.default.createDirectory(at: program, withIntermediateDirectories: true)
        let link = program.appending(path: "dr").path
        if !FileManager.default.fileExists(atPath: link) {
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: Journey.program)
        }
        let environment = ["PATH=\(program.path):/usr/bin:/bin", "HOME=\(folder.path)/home"] + credentials
        return try await CommandRun.run(
            "/usr/bin/env", ["-i"] + environment + ["/bin/bash", "-eu", "-c", script], in: folder.url)
    }
}
