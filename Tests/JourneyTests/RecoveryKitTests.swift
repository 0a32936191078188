import Foundation
import Lab
import Testing

/// The page of `dr key kit`, used on a machine that has nothing else.
@Suite struct RecoveryKitTests {
    private func shell(_ script: String, in folder: URL, _ environment: [String] = []) async throws -> CommandRun {
        try await CommandRun.run(
            "/usr/bin/env", ["-i", "PATH=/usr/bin:/bin"] + environment + ["/bin/bash", "-eu", "-c", script], in: folder)
    }

    /// A journey with encrypted and signed backups, and a folder `kit` with the kit.
    private func journey(_ create: String..., kit: [String]) async throws -> Journey {
        let journey = try await Journey(
            store: "recipients: [k.pem.crt], signing: {certificate: s.crt, key: s.key}", initialize: false)
        let key = try await journey.dr(["key", "create", "k.pem"] + create)
        #expect(key.status == 0, "\(key.errors)")
        try await journey.expect(
            0, "key", "create", "--signing", "--kind", "p-256", "--no-passphrase", "s.key", "--certificate", "s.crt")
        try await journey.expect(0, "init")
        try journey.write("alerts", "first\n")
        try await journey.expect(0, "backup")
        let made = try await journey.dr(["key", "kit", "--to", "kit", "--json"] + kit)
        #expect(made.status == 0, "\(made.errors)")
        #expect(
            try await journey.objections(to: Data(made.output.utf8), schema: "output.schema.json", "key kit") == "")
        for name in ["recovery-kit.html", "recovery-kit.pdf"] {
            let path = journey.folder.url.appending(path: "kit/\(name)").path
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        }
        return journey
    }

    private static let scan = """
        pdftoppm -r 200 -gray kit/recovery-kit.pdf kit/page
        for page in kit/page*; do zbarimg --quiet --raw "$page"; done > scanned.txt
        """

    @Test func `the codes and the commands of the page restore everything`() async throws {
        let journey = try await journey("--kind", "p-256", "--no-passphrase", kit: ["--recovery-key", "k.pem"])
        let machine = try TemporaryFolder("machine")
        try FileManager.default.copyItem(
            at: journey.folder.url.appending(path: "kit"), to: machine.url.appending(path: "kit"))
        let commands = """
            import html, re, sys
            page = open("kit/recovery-kit.html").read()
            steps = re.findall(r"<pre>(.*?)</pre></li>", page, re.S)
            print("\\n".join(html.unescape(step) for step in steps))
            """
        let script = """
            \(Self.scan)
            python3 -c '\(commands)' > steps.sh
            mkdir bin; ln -s \(Journey.program) bin/dr
            export PATH=$PWD/bin:$PATH HOME=$PWD
            . ./steps.sh
            cmp recovery.pem \(journey.folder.path)/k.pem
            """
        // The host is gone.
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "dr.yaml"))
        try FileManager.default.removeItem(at: journey.folder.url.appending(path: "state"))
        let run = try await shell(script, in: machine.url)
        #expect(run.status == 0, "\(run.output)\(run.errors)")
        let file = machine.url.appending(path: "recovered/tree/alerts")
        #expect(try String(contentsOf: file, encoding: .utf8) == "first\n")
    }

    @Test func `a long key with a passphrase comes back from several codes, still encrypted`() async throws {
        let journey = try await journey(
            "--kind", "rsa-3072", "--passphrase-command", "echo horse",
            kit: ["--recovery-key", "k.pem", "--passphrase-command", "echo horse"])
        // The codes say their order, so a scan in another order can be sorted.
        let script = """
            \(Self.scan)
            grep -c '^dr-key' scanned.txt
            python3 - <<'END' > recovery.pem
            import re
            parts = re.findall(r"dr-key (\\d+)/(\\d+)\\n(.*?)(?=dr-key |\\Z)", open("scanned.txt").read(), re.S)
            assert len(parts) == int(parts[0][1])
            print("\\n".join(line for _, _, part in sorted(parts) for line in part.split("\\n") if line))
            END
            cmp recovery.pem k.pem
            openssl pkey -in recovery.pem -passin pass:horse -noout
            pdftotext -layout kit/recovery-kit.pdf - | grep -F 'BEGIN ENCRYPTED PRIVATE KEY'
            """
        let run = try await shell(script, in: journey.folder.url)
        #expect(run.status == 0 && run.output.hasPrefix("4\n"), "\(run.output)\(run.errors)")
    }

    @Test func `a kit without the key holds no key, and the facts of the repository`() async throws {
        let journey = try await journey("--kind", "p-256", "--no-passphrase", kit: ["--without-key"])
        let page = try String(
            contentsOf: journey.folder.url.appending(path: "kit/recovery-kit.html"), encoding: .utf8)
        #expect(!page.contains("PRIVATE KEY") && !page.contains("<svg"))
        let text = try await shell("pdftotext -layout kit/recovery-kit.pdf -", in: journey.folder.url).output
        #expect(!text.contains("PRIVATE KEY"))
        struct Listing: Decodable {
            struct Row: Decodable { var fingerprint: String? }
            var keys: [Row]
        }
        let fingerprints = try await journey.json(Listing.self, "key", "show").keys.compactMap(\.fingerprint)
        #expect(fingerprints.count == 3)
        let id = try String(contentsOf: journey.repository.appending(path: "repository.json"), encoding: .utf8)
        let repository = try #require(id.firstMatch(of: /"id":"([0-9a-f]{32})"/)).output.1
        for fact in fingerprints + [String(repository), "file://\(journey.repository.path)", "number 1"] {
            #expect(page.contains(fact) && text.contains(fact), "\(fact)")
        }
    }

    @Test func `a key that opens nothing here gets no kit`() async throws {
        let journey = try await journey("--kind", "p-256", "--no-passphrase", kit: ["--without-key"])
        try await journey.expect(0, "key", "create", "--kind", "p-256", "--no-passphrase", "other.pem")
        let refused = try await journey.expect(2, "key", "kit", "--recovery-key", "other.pem", "--to", "other")
        #expect(refused.errors.contains("belongs to none of the recipients"))
        #expect(!FileManager.default.fileExists(atPath: journey.folder.url.appending(path: "other").path))
    }
}
