import Components
import FoundationEssentials
import Platform
import StackConfiguration

/// The jobs of a stack's schedule, as files for systemd, cron or Kubernetes.
package struct SchedulePlan {
    package enum Form: String, Encodable {
        case systemd, cron, kubernetes

        /// This machine's default.
        package static var usual: Form {
            FileManager.default.fileExists(atPath: "/run/systemd/system") ? .systemd : .cron
        }
    }

    package let form: Form
    /// The user that runs the jobs on this machine.
    package var user = "root"
    /// The root folder of the machine, for tests.
    package var machine = ""
    /// A file with the secrets that `dr.yaml` reads from the environment.
    package var environmentFile = "/etc/dr/environment"
    /// The share of the packs that the weekly sample reads, in per cent.
    package var sample = 5
    /// The settings of the objects in a cluster; nil for a machine.
    package var cluster: ClusterSettings?

    package init(_ form: Form) { self.form = form }

    /// The default folder of the form on this machine.
    package var usualFolder: String? {
        switch form {
        case .systemd: "/etc/systemd/system"
        case .cron: "/etc/cron.d"
        case .kubernetes: nil
        }
    }

    package func files(_ session: Session) -> [ScheduleFile] {
        let jobs = ScheduledJob.standard(share: sample, drillIsBare: session.configuration.drill.isBare)
        switch form {
        case .systemd: return SystemdSchedule(installation(session)).files(jobs)
        case .cron: return CronSchedule(installation(session)).files(jobs)
        case .kubernetes: return ClusterManifests(cluster ?? ClusterSettings()).files(.kustomize)
        }
    }

    /// The units that the packages ship, disabled by default.
    package static var packaged: [ScheduleFile] { PackagedUnits.files() }

    /// The changes to the form's own folder on this machine. Where a package has installed the units, these are only the
    /// differences from them.
    /// - Throws: `ScheduleError` if another schedule of this machine is active, so that each job would run twice.
    package func machineFiles(_ session: Session) throws -> [ScheduleFile] {
        try OtherSchedule(machine: machine).refuse(beside: form)
        let units = PackagedUnits(machine: machine)
        guard form == .systemd, units.areInstalled else { return files(session) }
        let configuration = session.configuration
        return units.adapted(
            to: installation(session),
            jobs: ScheduledJob.standard(share: sample, drillIsBare: configuration.drill.isBare))
    }

    /// The commands that activate the files of a folder.
    package func next(_ files: [ScheduleFile], in folder: String) -> [String] {
        switch form {
        case .systemd:
            let timers = ScheduledJob.standard().map(SystemdSchedule.timer).joined(separator: " ")
            return ["systemctl daemon-reload", "systemctl enable --now \(timers)"]
        case .cron: return []  // cron reads its folder every minute
        case .kubernetes: return ClusterManifests(cluster ?? ClusterSettings()).next(.kustomize, in: folder)
        }
    }

    private func installation(_ session: Session) -> Installation {
        let configuration = session.configuration
        var writable = [session.stateFolder]
        if case .directory(let store) = configuration.store.url { writable.append(store) }
        if let textfile = configuration.metrics.textfile {
            writable.append(URL(filePath: textfile).deletingLastPathComponent().path)
        }
        writable += configuration.components.filter { $0.volume == nil }.flatMap(\.settings.writablePaths)
        return Installation(
            program: OwnProgram.path, configuration: URL(filePath: session.file).standardizedFileURL.path,
            environmentFile: environmentFile, user: user, writable: Set(writable).sorted(),
            seed: ProcessInfo.processInfo.hostName)
    }
}
