import Foundation
import Lab
import Testing

/// Recovers with the program, the credentials and the recovery kit only.
@Suite struct RecoverFromNothingTests {
    @Test(arguments: [false, true])
    func `the commands of the page restore every component`(isBucket: Bool) async throws {
        let host = try await LostHost.make(s3: isBucket ? try await SharedS3Server.seaweedFS() : nil)
        let machine = try TemporaryFolder("new-machine")
        let blocks = try DocumentedCommands.blocks(of: "recover-from-nothing.md")
        let kit = try #require(blocks["kit"])
            .replacing(/export AWS_ACCESS.*\n/, with: "").replacing(/export AWS_REGION.*\n/, with: "")
            .replacing(/STORE=\S+/, with: "STORE=\(host.store)")
            .replacing(/KEY=\S+/, with: "KEY=\(host.kit.path)/recovery.key")
            .replacing(/TRUST=\S+/, with: "TRUST=\(host.fingerprint)")
        try FileManager.default.copyItem(
            at: host.kit.url.appending(path: "signing.crt"), to: machine.url.appending(path: "signing.crt"))
        // The host is gone.
        try FileManager.default.removeItem(at: host.journey.folder.url.appending(path: "dr.yaml"))
        try FileManager.default.removeItem(at: host.journey.folder.url.appending(path: "state"))
        let steps = try ["look", "restore", "fingerprint", "component"].map { try #require(blocks[$0]) }
        let run = try await host.onNewMachine(([kit] + steps).joined(separator: "\n"), in: machine)
        #expect(run.status == 0, "\(run.output)\n\(run.errors)")
        #expect(!run.errors.contains("warning"), "\(run.errors)")
        #expect(run.output.contains("restored 2 of 2 components"))
        for (component, source) in [("recovered/tree", "one"), ("recovered/other", "two"), ("tree-only", "one")] {
            let diff = try await CommandRun.run(
                "/usr/bin/diff",
                ["-r", host.journey.data.appending(path: source).path, machine.url.appending(path: component).path])
            #expect(diff.status == 0, "\(diff.output)\(diff.errors)")
        }
    }

    @Test func `another signer's fingerprint is refused`() async throws {
        let host = try await LostHost.make()
        let machine = try TemporaryFolder("new-machine")
        let wrong = String(repeating: "ab", count: 32)
        let run = try await host.onNewMachine(
            "dr restore --store \(host.store) --recovery-key \(host.kit.path)/recovery.key --trust \(wrong) --all --to out",
            in: machine)
        #expect(run.status == 7, "\(run.output)\n\(run.errors)")
        #expect(run.errors.contains("the signer is not trusted"))
        #expect(!FileManager.default.fileExists(atPath: machine.url.appending(path: "out").path))
        let two = try await host.onNewMachine(
            "dr list --store \(host.store) --recovery-key \(host.kit.path)/recovery.key --trust \(wrong) --trust \(host.fingerprint.replacing(":", with: ""))",
            in: machine)
        #expect(two.status == 0, "\(two.errors)")
    }

    @Test func `an unsigned set is refused, and without trust dr warns`() async throws {
        let host = try await LostHost.make()
        let sets = host.journey.repository.appending(path: "sets")
        for name in try FileManager.default.contentsOfDirectory(atPath: sets.path) where name.hasSuffix(".p7s") {
            try FileManager.default.removeItem(at: sets.appending(path: name))
        }
        let machine = try TemporaryFolder("new-machine")
        let command = "dr restore --store \(host.store) --recovery-key \(host.kit.path)/recovery.key --all --to out"
        let refused = try await host.onNewMachine("\(command) --trust \(host.fingerprint)", in: machine)
        #expect(refused.status == 7 && refused.errors.contains("it is not signed"), "\(refused.errors)")
        let warned = try await host.onNewMachine(command, in: machine)
        #expect(warned.status == 0, "\(warned.errors)")
        #expect(warned.errors.contains("nothing proves who made the backup sets"))
    }

    @Test func `a component that cannot be restored does not stop the others`() async throws {
        let host = try await LostHost.make()
        let machine = try TemporaryFolder("new-machine")
        let out = machine.url.appending(path: "out/other")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        try Data("in the way".utf8).write(to: out.appending(path: "file"))
        let run = try await host.onNewMachine(
            "dr restore --store \(host.store) --recovery-key \(host.kit.path)/recovery.key --trust \(host.fingerprint) "
                + "--all --to out --json", in: machine)
        #expect(run.status == 3, "\(run.output)\n\(run.errors)")
        let file = machine.url.appending(path: "out/tree/alerts")
        #expect(try String(contentsOf: file, encoding: .utf8) == "first\n")
        #expect(try String(contentsOf: out.appending(path: "file"), encoding: .utf8) == "in the way")
        let objections = try await host.journey.objections(
            to: Data(run.output.utf8), schema: "output.schema.json", "restoreAll")
        #expect(objections == "")
    }

    @Test func `every read command takes the address of the store`() async throws {
        let host = try await LostHost.make()
        let machine = try TemporaryFolder("new-machine")
        let name = "$(ls \(host.journey.repository.path)/sets | head -1 | cut -c1-16)"
        for command in [
            "list", "show", "show \(name)", "diff \(name)", "stats", "verify", "verify --read-data",
        ] {
            let run = try await host.onNewMachine(
                "dr \(command) --store \(host.store) --trust \(host.fingerprint) "
                    + "--recovery-key \(host.kit.path)/recovery.key", in: machine)
            #expect(run.status == 0, "\(command): \(run.errors)")
        }
        // Its exit code depends on the age of the data.
        let status = try await host.onNewMachine(
            "dr status --store \(host.store) --trust \(host.fingerprint) "
                + "--recovery-key \(host.kit.path)/recovery.key", in: machine)
        #expect(status.output.contains("tree") && status.output.contains("other"), "\(status.errors)")
    }

    @Test func `init never makes a repository of a mistyped address`() async throws {
        let host = try await LostHost.make()
        let machine = try TemporaryFolder("new-machine")
        let refused = try await host.onNewMachine("dr init --store \(host.store)x", in: machine)
        #expect(refused.status == 1, "\(refused.output)\n\(refused.errors)")
        #expect(refused.errors.contains("\(host.store)x") && refused.errors.contains("--create"))
        #expect(!FileManager.default.fileExists(atPath: "\(host.journey.repository.path)x"))
        #expect(!FileManager.default.fileExists(atPath: machine.url.appending(path: "dr.yaml").path))
        let found = try await host.onNewMachine(
            "dr init --store \(host.store) && dr list --recovery-key \(host.kit.path)/recovery.key", in: machine)
        #expect(found.status == 0 && found.output.contains("found repository"), "\(found.output)\n\(found.errors)")
        try FileManager.default.removeItem(at: machine.url.appending(path: "dr.yaml"))
        let made = try await host.onNewMachine("dr init --create --store \(host.store)x", in: machine)
        #expect(made.status == 0 && made.output.contains("created repository"), "\(made.output)\n\(made.errors)")
    }

    @Test func `init does not replace a repository that this machine used`() async throws {
        let journey = try await Journey()
        try journey.write("a", "content")
        try await journey.expect(0, "backup")
        try FileManager.default.moveItem(
            at: journey.repository, to: journey.folder.url.appending(path: "unmounted"))
        let refused = try await journey.expect(1, "init")
        #expect(refused.errors.contains("this machine used repository") && refused.errors.contains("--create"))
        #expect(!FileManager.default.fileExists(atPath: journey.repository.path))
        #expect(try await journey.dr(["backup"]).status != 0)
        #expect(!FileManager.default.fileExists(atPath: journey.repository.path))
        try await journey.expect(0, "init", "--create")
        try await journey.expect(0, "backup")
    }
}
