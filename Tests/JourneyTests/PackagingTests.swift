import Foundation
import Lab
import Testing

/// The files that the packages ship beside the program. `make test-packages` installs and uses the packages.
@Suite struct PackagingTests {
    private struct Staged {
        let folder: TemporaryFolder
        var root: URL { folder.url.appending(path: "tree") }

        init() async throws {
            folder = try TemporaryFolder("packages")
            let run = try await CommandRun.run(
                try LabTool.path("python3"),
                [
                    Checkout.url("packaging/package").path, "stage", "--without-program", "--program", Journey.program,
                    "--output", folder.path,
                ],
                in: folder.url, environment: ["SOURCE_DATE_EPOCH": "1700000000"])
            guard run.status == 0 else { throw LabError("\(run.output)\n\(run.errors)") }
        }

        func names(_ place: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: place).path).sorted()
        }
    }

    /// A command as the program describes it.
    private struct Command: Decodable {
        var commandName: String
        var shouldDisplay: Bool?
        var subcommands: [Command]?

        func names(below above: String = "") -> [String] {
            let name = above.isEmpty ? commandName : "\(above)-\(commandName)"
            let inner = (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
            return [name] + inner.flatMap { $0.names(below: name) }
        }
    }

    @Test func `the staged files are complete, and the system's own tools accept them`() async throws {
        let staged = try await Staged()
        // A manual page for each command.
        struct Description: Decodable { var command: Command }
        let help = try await CommandRun.run(Journey.program, ["--experimental-dump-help"], in: staged.folder.url)
        let commands = try JSONDecoder().decode(Description.self, from: Data(help.output.utf8)).command.names()
        #expect(commands.contains("dr-self-test") && commands.contains("dr-key-create"))
        #expect(try staged.names("usr/share/man/man1") == commands.map { "\($0).1.gz" }.sorted())
        let folder = staged.root.appending(path: "usr/share/man/man1")
        for page in ["dr.1.gz", "dr-restore.1.gz", "dr-schedule-install.1.gz"] {
            let text = try await LabTool.output("/usr/bin/zcat", [folder.appending(path: page).path])
            #expect(text.hasPrefix(".TH \"DR") && text.contains("\"2023-11-14\"") && text.contains("\n.SH SYNOPSIS\n"))
            // No text of the program starts a request of roff.
            let requests = text.split(separator: "\n").filter { $0.hasPrefix(".") || $0.hasPrefix("'") }
            #expect(requests.allSatisfy { $0.firstMatch(of: /^\.(TH|SH|TP|PP|B|BR|I|br)\b/) != nil })
        }
        // The units are disabled, and systemd accepts them.
        let units = try staged.names("usr/lib/systemd/system")
        #expect(
            units.count == 9 && units.contains("dr-serve.service")
                && !FileManager.default.fileExists(atPath: staged.root.appending(path: "etc/systemd").path)
        )
        if let analyzer = try? LabTool.path("systemd-analyze") {
            let program = staged.root.appending(path: "usr/bin/dr")
            try FileManager.default.createDirectory(
                at: program.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data("#!/bin/sh\n".utf8).write(to: program)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
            let run = try await CommandRun.run(
                analyzer, ["verify", "--man=no", "--root=\(staged.root.path)"] + units, in: staged.folder.url)
            let complaints = run.errors.split(separator: "\n").filter { line in
                // The root has no units but these.
                line.contains("dr-") && !line.contains("not found")
            }
            #expect(complaints == [], "\(run.errors)")
        }
        // dr accepts the configuration.
        let configuration = staged.root.appending(path: "etc/dr/dr.yaml").path
        let shown = try await CommandRun.run(
            Journey.program, ["schedule", "show", "--systemd", "--config", configuration], in: staged.folder.url)
        #expect(shown.status == 0, "\(shown.errors)")
        let attributes = try FileManager.default.attributesOfItem(atPath: configuration)
        #expect(attributes[.posixPermissions] as? Int == 0o640)
        for file in [
            "etc/logrotate.d/dr", "usr/lib/sysusers.d/dr.conf", "usr/lib/tmpfiles.d/dr.conf",
            "usr/share/bash-completion/completions/dr", "usr/share/zsh/vendor-completions/_dr",
            "usr/share/fish/vendor_completions.d/dr.fish", "usr/share/doc/dr/README.md.gz",
        ] {
            #expect(FileManager.default.fileExists(atPath: staged.root.appending(path: file).path), "\(file)")
        }
    }

    @Test(arguments: ["packaging/deb/postinst", "packaging/deb/prerm", "packaging/deb/postrm", "packaging/portable.sh"])
    func `the scripts of the packages are valid for a plain shell`(_ script: String) async throws {
        let run = try await CommandRun.run("/bin/sh", ["-n", Checkout.url(script).path])
        #expect(run.status == 0, "\(run.errors)")
    }

    /// The script in an archive whose loader prints its arguments.
    @Test func `the portable start script finds its libraries by any path, and names an incomplete archive`()
        async throws
    {
        let folder = try TemporaryFolder("portable")
        let archive = folder.url.appending(path: "an archive")
        let loader = archive.appending(path: "lib/ld-linux-x86-64.so.2")
        try FileManager.default.createDirectory(
            at: loader.deletingLastPathComponent(), withIntermediateDirectories: true)
        let start = archive.appending(path: "dr")
        try FileManager.default.copyItem(at: Checkout.url("packaging/portable.sh"), to: start)
        let incomplete = try await CommandRun.run(start.path, ["list"], in: folder.url)
        #expect(incomplete.status == 127 && incomplete.errors.contains("unpack the whole archive"))
        try Data("#!/bin/sh\nprintf '%s\\n' \"$@\"\n".utf8).write(to: loader)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: loader.path)
        let link = folder.url.appending(path: "link")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: start)
        for path in [start.path, link.path] {
            let run = try await CommandRun.run(path, ["list", "a b", ""], in: folder.url)
            let lib = archive.resolvingSymlinksInPath().appending(path: "lib").path
            #expect(
                run.output == """
                    --inhibit-cache
                    --library-path
                    \(lib)
                    --argv0
                    dr
                    \(lib)/dr
                    list
                    a b


                    """, "\(run.errors)")
        }
    }
}
