import FoundationEssentials

/// The systemd units that the packages install, and the drop-in files that adapt them to a configuration.
struct PackagedUnits {
    /// The root folder of the machine; empty for this one.
    private let machine: String

    init(machine: String = "") { self.machine = machine }

    static func files() -> [ScheduleFile] { SystemdSchedule(installation, from: .package).files() }

    /// The installation that the shipped units describe.
    static let installation = Installation(
        program: "/usr/bin/dr", configuration: "/etc/dr/dr.yaml", environmentFile: "/etc/dr/environment", user: "root",
        writable: ["/var/backups/dr", "/var/lib/dr"], seed: "")

    private static let folders = ["/usr/lib/systemd/system", "/lib/systemd/system"]

    var areInstalled: Bool { ScheduledJob.standard().allSatisfy { shipped(Self.service($0)) != nil } }

    /// The changes to `/etc/systemd/system`: a drop-in for each service that differs. A drop-in that is not needed any
    /// more, and the whole units that `dr schedule install` wrote before the package was installed, are to be removed.
    func adapted(to installation: Installation, jobs: [ScheduledJob]) -> [ScheduleFile] {
        let wanted = SystemdSchedule(installation).files(jobs)
        return jobs.flatMap { job in
            let name = Self.service(job)
            let service = wanted.first { $0.name == name }?.content ?? ""
            let lines = Self.differences(of: service, from: shipped(name) ?? "")
            let dropIn =
                lines.isEmpty
                ? "" : "\(SystemdSchedule.header)\n[Service]\n\(lines.joined(separator: "\n"))\n"
            return [
                ScheduleFile("\(name).d/50-dr-schedule.conf", dropIn), ScheduleFile(name, ""),
                ScheduleFile(SystemdSchedule.timer(job), ""),
            ]
        }
    }

    private static func service(_ job: ScheduledJob) -> String { "dr-\(job.name).service" }

    private func shipped(_ name: String) -> String? {
        for folder in Self.folders {
            if let content = FileManager.default.contents(atPath: "\(machine)\(folder)/\(name)") {
                return String(decoding: content, as: UTF8.self)
            }
        }
        return nil
    }

    /// The directives that turn the shipped service into the wanted one.
    static func differences(of wanted: String, from shipped: String) -> [String] {
        let wanted = directives(wanted)
        let shipped = directives(shipped)
        let names = wanted.map(\.name) + shipped.map(\.name)
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }.flatMap { name -> [String] in
            let values = wanted.filter { $0.name == name }.map(\.value)
            let present = shipped.filter { $0.name == name }.map(\.value)
            guard values != present else { return [] }
            if name == "ReadWritePaths" {
                // Paths add up, so the drop-in names only the missing ones.
                let known = Set(present.flatMap(paths))
                let missing = values.flatMap(paths).filter { !known.contains($0) }
                return missing.isEmpty ? [] : ["\(name)=\(missing.joined(separator: " "))"]
            }
            if values.isEmpty { return [present == ["yes"] ? "\(name)=no" : "\(name)="] }
            // The first line clears the list.
            return (lists.contains(name) ? ["\(name)="] : []) + values.map { "\(name)=\($0)" }
        }
    }

    /// The directives whose values add up.
    private static let lists: Set = [
        "ExecStart", "EnvironmentFile", "RestrictNamespaces", "RestrictAddressFamilies", "SystemCallFilter",
    ]

    private struct Directive {
        var name: String
        var value: String
    }

    private static func directives(_ unit: String) -> [Directive] {
        var isInService = false
        return unit.split(separator: "\n").compactMap { line in
            if line.hasPrefix("[") { isInService = line == "[Service]" }
            guard isInService, !line.hasPrefix("#"), let equals = line.firstIndex(of: "=") else { return nil }
            return Directive(name: String(line[..<equals]), value: String(line[line.index(after: equals)...]))
        }
    }

    /// The words of a list of paths. A quoted path with a blank stays one word.
    private static func paths(_ value: String) -> [String] {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        var isEscaped = false
        for character in value {
            if character == " ", !isQuoted {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            if character == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = character == "\\" && !isEscaped
            word.append(character)
        }
        return word.isEmpty ? words : words + [word]
    }
}
