import Foundation
import Lab
import Testing

/// Attacks by a user of the machine that dr runs on.
@Suite struct LocalMachineTests {
    private func shell(_ script: String, in journey: Journey) async throws -> String {
        let run = try await CommandRun.run("/bin/bash", ["-ec", script, "sh"], in: journey.folder.url)
        #expect(run.status == 0, "\(run.errors)")
        return run.output
    }

    @Test func `an existing staging folder never becomes part of the restored tree`() async throws {
        let journey = try await Journey()
        try journey.write("good", "x")
        try await journey.expect(0, "backup")
        let stage = """
            m=$(basename "$(ls repository/tree/manifests/* | head -1)" .json); for mode in 755 700 777; do
            d=.dr-restore-out$mode-tree-$m; mkdir -m $mode $d; chmod $mode $d; echo evil > $d/evil; done; ls -d .dr-restore*
            """
        #expect(try await shell(stage, in: journey).split(separator: "\n").count == 3)
        for mode in ["755", "700", "777"] {
            try await journey.expect(0, "restore", "--component", "tree", "--to", "out\(mode)")
            #expect(try await shell("ls -A out\(mode)", in: journey) == "good\n")
            #expect(try await shell("cat .dr-restore-out\(mode)-tree-*/evil", in: journey) == "evil\n")
        }
    }

    @Test func `state is private whatever the umask and earlier modes`() async throws {
        let journey = try await Journey()
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        #expect(try await shell("stat -c %a state state/*/ | sort -u | tr '\\n' ' '", in: journey) == "700 711 ")
        _ = try await shell("chmod -R a+rwX state", in: journey)
        try await journey.expect(0, "backup")
        #expect(try await shell("stat -c %a state state/*/ | sort -u | tr '\\n' ' '", in: journey) == "700 711 ")
    }

    @Test func `setuid bits come back only on request`() async throws {
        let journey = try await Journey()
        try journey.write("program", "x")
        _ = try await shell("chmod 6755 data/program", in: journey)
        try await journey.expect(0, "backup")
        let run = try await journey.expect(0, "restore", "--component", "tree", "--to", "out")
        #expect((run.output + run.errors).contains("--keep-setuid"))
        try await journey.expect(0, "restore", "--component", "tree", "--to", "kept", "--keep-setuid")
        #expect(try await shell("stat -c %a out/program kept/program", in: journey) == "755\n6755\n")
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files to other users"))
    func `root does not follow another user's configuration`() async throws {
        let journey = try await Journey()
        try journey.write("a", "x")
        try await journey.expect(0, "backup")
        _ = try await shell("chown 65534 dr.yaml", in: journey)
        let run = try await journey.expect(2, "backup")
        #expect(run.errors.contains("belongs to user 65534"))
    }
}
