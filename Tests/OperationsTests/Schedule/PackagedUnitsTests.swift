import Foundation
import Lab
import Testing

@testable import Operations

/// A schedule on a machine where a package has installed the units.
@Suite struct PackagedUnitsTests {
    /// A root folder of a machine with the shipped units.
    private struct Machine {
        let folder: TemporaryFolder

        init(hasPackage: Bool = true) throws {
            folder = try TemporaryFolder("machine")
            guard hasPackage else { return }
            for file in SchedulePlan.packaged { try write(file.content, "usr/lib/systemd/system/\(file.name)") }
        }

        func write(_ text: String, _ name: String) throws {
            let file = folder.url.appending(path: name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }

        func has(_ name: String) -> Bool {
            FileManager.default.fileExists(atPath: folder.url.appending(path: "etc/systemd/system/\(name)").path)
        }

        func text(_ name: String) throws -> String {
            try String(contentsOf: folder.url.appending(path: "etc/systemd/system/\(name)"), encoding: .utf8)
        }

        func install(_ installation: Installation, bare: Bool = true) throws -> ScheduleInstallation.Result {
            let files = PackagedUnits(machine: folder.path).adapted(
                to: installation, jobs: ScheduledJob.standard(drillIsBare: bare))
            let place = "\(folder.path)/etc/systemd/system"
            return try ScheduleInstallation(form: "systemd", folder: place, isDryRun: false).run(files, next: ["next"])
        }
    }

    @Test func `the shipped units are those of the default installation`() {
        let shipped = SchedulePlan.packaged
        let written = SystemdSchedule(PackagedUnits.installation).files()
        #expect(shipped.map(\.name) == written.map(\.name) && shipped.count == 8)
        for (shipped, written) in zip(shipped, written) {
            #expect(PackagedUnits.differences(of: written.content, from: shipped.content) == [])
            #expect(shipped.content.hasPrefix("# Shipped") && written.content.hasPrefix("# Written"))
        }
    }

    @Test func `a configuration that the shipped units fit gets no files`() throws {
        let machine = try Machine()
        let result = try machine.install(PackagedUnits.installation)
        #expect(result.text == "next: next")
        #expect(!machine.has("dr-backup.service.d"))
    }

    @Test func `other settings become a drop-in, which a second run leaves and a return to the default removes`() throws
    {
        let machine = try Machine()
        var installation = PackagedUnits.installation
        installation.configuration = "/srv/dr.yaml"
        installation.user = "operator"
        installation.writable = ["/srv/with blank", "/var/lib/dr"]
        #expect(try machine.install(installation).text.split(separator: "\n").count { $0.hasPrefix("created") } == 4)
        #expect(
            try machine.text("dr-backup.service.d/50-dr-schedule.conf").split(separator: "\n").dropFirst()
                .joined(separator: "\n") == """
                    [Service]
                    User=operator
                    ExecStart=
                    ExecStart=/usr/bin/dr backup --quiet --config /srv/dr.yaml
                    ReadWritePaths="-/srv/with blank"
                    """)
        #expect(!machine.has("dr-backup.service") && !machine.has("dr-backup.timer"))
        let again = try machine.install(installation).text
        #expect(!again.contains("created") && !again.contains("updated") && !again.contains("next"))
        let back = try machine.install(PackagedUnits.installation).text
        #expect(back.split(separator: "\n").count { $0.hasPrefix("removed") } == 4)
        #expect(!machine.has("dr-backup.service.d/50-dr-schedule.conf"))
    }

    @Test func `a drill that is not bare takes back the rights of a bare one`() throws {
        let machine = try Machine()
        _ = try machine.install(PackagedUnits.installation, bare: false)
        let drill = try machine.text("dr-drill.service.d/50-dr-schedule.conf")
        #expect(drill.contains("RestrictNamespaces=\nRestrictNamespaces=yes\n"))
        #expect(drill.contains("\nProtectHostname=yes\n") && !drill.contains("--bare"))
        #expect(!machine.has("dr-backup.service.d/50-dr-schedule.conf"))
    }

    @Test func `units from before the package give way to it, and those of another author stay`() throws {
        let machine = try Machine()
        for file in SystemdSchedule(PackagedUnits.installation).files() {
            try machine.write(file.content, "etc/systemd/system/\(file.name)")
        }
        try machine.write("[Timer]\nOnCalendar=weekly\n", "etc/systemd/system/dr-sample.timer")
        let text = try machine.install(PackagedUnits.installation).text
        #expect(text.split(separator: "\n").count { $0.hasPrefix("removed") } == 7)
        #expect(!machine.has("dr-backup.service") && machine.has("dr-sample.timer"))
    }

    @Test(arguments: [
        (SchedulePlan.Form.systemd, "etc/cron.d/dr"),
        (.cron, "etc/systemd/system/timers.target.wants/dr-backup.timer"),
    ])
    func `a schedule beside an active one of another form is refused`(_ form: SchedulePlan.Form, _ other: String) throws
    {
        let machine = try Machine()
        let schedules = OtherSchedule(machine: machine.folder.path)
        try schedules.refuse(beside: form)
        if other.hasSuffix(".timer") {
            let link = machine.folder.url.appending(path: other)
            try FileManager.default.createDirectory(
                at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(
                atPath: link.path, withDestinationPath: "/usr/lib/systemd/system/dr-backup.timer")
        } else {
            try machine.write("", other)
        }
        let error = try #require(throws: ScheduleError.self) { try schedules.refuse(beside: form) }
        #expect(error.detail.contains("twice") && error.detail.contains("hint: "))
        try schedules.refuse(beside: form == .systemd ? .cron : .systemd)
    }

    @Test func `without a package the plan writes whole units`() async throws {
        let fixture = try await StackFixture()
        let machine = try Machine(hasPackage: false)
        var plan = SchedulePlan(.systemd)
        plan.machine = machine.folder.path
        #expect(try plan.machineFiles(fixture.session) == plan.files(fixture.session))
        let packaged = try Machine()
        plan.machine = packaged.folder.path
        #expect(
            try plan.machineFiles(fixture.session).contains { $0.name == "dr-backup.service.d/50-dr-schedule.conf" })
    }
}
