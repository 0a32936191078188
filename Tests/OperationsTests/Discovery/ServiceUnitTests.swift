import Components
import Foundation
import Lab
import Testing

@testable import Operations

@Suite struct ServiceUnitTests {
    private static func write(_ text: String, _ name: String, in folder: TemporaryFolder) throws {
        let file = folder.url.appending(path: name)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    @Test(arguments: [
        ("a b  c", ["a", "b", "c"]), (#"a "b c" 'd "e'"#, ["a", "b c", "d \"e"]), (#"a\ b "c\"d""#, ["a b", "c\"d"]),
        (#"a "" b"#, ["a", "", "b"]), ("", []), ("\"open", ["open"]),
    ])
    func `a command line has the words of systemd`(_ line: String, _ words: [String]) {
        #expect(ServiceUnit.words(line) == words)
    }

    @Test func `a unit's program has the arguments of its files, drop-ins and variables`() throws {
        let machine = try TemporaryFolder("machine")
        try Self.write(
            """
            [Service]
            # ExecStart=/bin/false
            EnvironmentFile=-/etc/default/metrics
            Environment="EXTRA=--c=3" NAME=x
            ExecStart=/usr/bin/metrics $ARGS \\
              --b=${NAME}y $MISSING
            """, "lib/systemd/system/metrics.service", in: machine)
        try Self.write("# comment\nARGS=\"--listen=:9091 --a\"\n", "etc/default/metrics", in: machine)
        try Self.write(
            "[Service]\nExecStart=\nExecStart=-/opt/bin/other $EXTRA\n", "etc/systemd/system/over.service.d/x.conf",
            in: machine)
        try Self.write(
            "[Service]\nEnvironment=EXTRA=1\nExecStart=/bin/one\n", "lib/systemd/system/over.service", in: machine)
        try Self.write("[Service]\nExecStart=/bin/template\n", "lib/systemd/system/t@.service", in: machine)
        try Self.write("[Unit]\n", "lib/systemd/system/empty.service", in: machine)
        // The folder of the administrator counts before that of the package.
        try Self.write("[Service]\nExecStart=/bin/vendor\n", "lib/systemd/system/twice.service", in: machine)
        try Self.write("[Service]\nExecStart=/bin/own\n", "etc/systemd/system/twice.service", in: machine)
        let units = ServiceUnit.all(machine: machine.path)
        #expect(units.map(\.name) == ["metrics.service", "over.service", "twice.service"])
        #expect(units[0].program == "metrics" && units[0].arguments.words == ["--listen=:9091", "--a", "--b=xy"])
        #expect(units[1].program == "other" && units[1].arguments.words == ["1"])
        #expect(units[2].program == "own")
    }

    @Test func `any text is a unit, or none`() {
        for text in [
            "", "=", "ExecStart", "ExecStart=", "ExecStart=\\", "[Service]\nExecStart=\"", "ExecStart=@", "\u{0}",
        ] {
            _ = ServiceUnit("x.service", texts: [text, text])
        }
        #expect(ServiceUnit("x.service", texts: ["ExecStart=/a/b c"])?.program == "b")
        #expect(ServiceUnit("x.service", texts: ["ExecStart=@"]) == nil)
    }
}
