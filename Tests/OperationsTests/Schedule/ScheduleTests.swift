import Foundation
import Lab
import Testing

@testable import Operations

@Suite struct ScheduleTests {
    private static func installation(
        program: String = "/usr/bin/dr", configuration: String = "/etc/dr/dr.yaml", seed: String = "host-1"
    ) -> Installation {
        Installation(
            program: program, configuration: configuration, environmentFile: "/etc/dr/environment", user: "root",
            writable: ["/var/lib/dr", "/var/lib/prometheus/metrics2"], seed: seed)
    }

    private func file(_ name: String, _ files: [ScheduleFile]) throws -> String {
        try #require(files.first { $0.name == name }).content
    }

    // MARK: systemd

    @Test func `there is a service and a timer for each job, and a missed run is made up for`() throws {
        let files = SystemdSchedule(Self.installation()).files()
        #expect(files.count == 8)
        for job in ["backup", "verify", "sample", "drill"] {
            let timer = try file("dr-\(job).timer", files)
            #expect(timer.contains("\nPersistent=true\n") && timer.contains("\nRandomizedDelaySec="))
            #expect(try file("dr-\(job).service", files).contains("\nType=oneshot\n"))
        }
        let sample = try file("dr-sample.service", files)
        #expect(sample.contains("ExecStart=/usr/bin/dr verify --read-data=5%% --quiet --config /etc/dr/dr.yaml\n"))
        // A partial backup, 3, is a failure: no status is made a success.
        #expect(!files.contains { $0.content.contains("SuccessExitStatus") })
    }

    @Test(arguments: [
        ("/usr/bin/dr", "/usr/bin/dr"), ("/opt/with space/dr", "\"/opt/with space/dr\""), ("5%", "5%%"),
        ("a\"b\\c", "\"a\\\"b\\\\c\""), ("$HOME", "\"$$HOME\""), ("", "\"\""),
    ])
    func `words survive systemd`(_ word: String, _ quoted: String) {
        #expect(SystemdSchedule.quoted(word) == quoted)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")))
    func `systemd itself finds nothing wrong with the units`() async throws {
        let folder = try TemporaryFolder("units")
        // systemd looks whether the program is there.
        let strange = folder.url.appending(path: "with space%")
        try FileManager.default.createDirectory(at: strange, withIntermediateDirectories: true)
        let program = strange.appending(path: "dr")
        try Data("#!/bin/sh\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        let files = SystemdSchedule(Self.installation(program: program.path, configuration: "/etc/d r/%h.yaml")).files()
        for file in files {
            try Data(file.content.utf8).write(to: folder.url.appending(path: file.name))
        }
        let paths = files.map { folder.url.appending(path: $0.name).path }
        let run = try await CommandRun.run("/usr/bin/systemd-analyze", ["verify", "--man=no"] + paths, in: folder.url)
        // Other units of the machine may be complained of; ours are named by their paths or names.
        let complaints = run.errors.split(separator: "\n").filter { line in files.contains { line.contains($0.name) } }
        #expect(complaints == [])
        let calendars = files.flatMap { $0.content.split(separator: "\n") }.filter { $0.hasPrefix("OnCalendar=") }
        #expect(calendars.count == 4)
        for calendar in calendars {
            let verdict = try await CommandRun.run(
                "/usr/bin/systemd-analyze", ["calendar", String(calendar.dropFirst(11))], in: folder.url)
            #expect(verdict.status == 0, "\(calendar): \(verdict.errors)")
        }
    }

    // MARK: cron

    @Test func `a crontab has a line for each job, at minutes of the machine's own`() throws {
        let lines = { (seed: String) in
            CronSchedule(Self.installation(seed: seed)).files()[0].content.split(separator: "\n")
                .filter { $0.first?.isNumber == true }.map(String.init)
        }
        let first = lines("host-1")
        #expect(first.count == 4 && first == lines("host-1"))
        let minutes = Set((0..<40).map { lines("host-\($0)")[0].prefix { $0 != " " } })
        #expect(minutes.count > 15)
        #expect(first.allSatisfy { (0..<60).contains(Int($0.prefix { $0 != " " }) ?? -1) })
        let sample = try #require(first.first { $0.contains("--read-data") })
        #expect(sample.contains(" 4 * * 0 root ") && sample.contains("--read-data=5\\%"))
        #expect(first.contains { $0.contains(" 5 2 1,4,7,10 * root ") })
    }

    /// What cron hands to the shell: `\%` is `%` then.
    @Test func `a line runs in a shell, with the environment file and its exit code`() async throws {
        let folder = try TemporaryFolder("cron")
        let program = folder.url.appending(path: "it's dr")
        try Data("#!/bin/sh\necho \"$SECRET $*\"\nexit 3\n".utf8).write(to: program)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)
        let environment = folder.url.appending(path: "environment")
        try Data("SECRET='of mine'\n".utf8).write(to: environment)
        var installation = Self.installation(program: program.path, configuration: "/etc/d r/dr.yaml")
        installation.environmentFile = environment.path
        let content = CronSchedule(installation).files()[0].content
        let line = try #require(content.split(separator: "\n").first { $0.contains("--read-data") })
        let command = try #require(line.firstRange(of: " root ").map { line[$0.upperBound...] })
        let run = try await CommandRun.run(
            "/bin/sh", ["-c", String(command).replacing("\\%", with: "%")], in: folder.url)
        #expect(run.output == "of mine verify --read-data=5% --quiet --config /etc/d r/dr.yaml\n")
        #expect(run.status == 3, "\(run.errors)")
    }
}
