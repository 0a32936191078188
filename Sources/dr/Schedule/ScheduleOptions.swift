import ArgumentParser
import Foundation
import Schedules
import StackConfiguration

/// What both commands about the schedule take.
struct ScheduleOptions: ParsableArguments {
    @Flag(name: .long, help: "Services and timers of systemd: the default where it runs.")
    var systemd = false

    @Flag(name: .long, help: "A file for /etc/cron.d: the default elsewhere.")
    var cron = false

    @Flag(name: .long, help: "CronJobs for a cluster, with a kustomization.")
    var kubernetes = false

    @Option(name: .long, help: "The user that jobs run as, on this machine.")
    var user = "root"

    @Option(name: .long, help: "NAME=value lines with the secrets that dr.yaml takes from the environment.")
    var environmentFile = "/etc/dr/environment"

    @Option(name: .long, help: "Share of the packs that the weekly sample reads, in percent.")
    var sample = 5

    @Option(name: .long, help: "Kubernetes: the namespace.")
    var namespace = "monitoring"

    @Option(name: .long, help: "Kubernetes: the image that holds dr.")
    var image: String?

    func validate() throws {
        if [systemd, cron, kubernetes].count(where: { $0 }) > 1 {
            throw ValidationError("--systemd, --cron and --kubernetes exclude each other")
        }
        guard (1...100).contains(sample) else { throw ValidationError("--sample takes 1 to 100 percent") }
        let isName =
            !user.isEmpty && user.first != "-"
            && user.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
        guard isName else { throw ValidationError("--user: '\(user)' is no user's name") }
        let isNamespace =
            (1...63).contains(namespace.count)
            && namespace.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") }
        guard isNamespace else { throw ValidationError("--namespace: '\(namespace)' is no name of a namespace") }
        if kubernetes, image == nil {
            throw ValidationError("--kubernetes needs --image, such as registry/dr:\(DR.version)")
        }
    }

    enum Form: String, Encodable { case systemd, cron, kubernetes }

    var form: Form {
        if systemd { return .systemd }
        if cron { return .cron }
        if kubernetes { return .kubernetes }
        return FileManager.default.fileExists(atPath: "/run/systemd/system") ? .systemd : .cron
    }

    /// Where the files of a form belong on this machine.
    var usualFolder: String? {
        switch form {
        case .systemd: "/etc/systemd/system"
        case .cron: "/etc/cron.d"
        case .kubernetes: nil
        }
    }

    func files(_ session: Session) -> [ScheduleFile] {
        let jobs = ScheduledJob.standard(share: sample)
        switch form {
        case .systemd: return SystemdSchedule(installation(session)).files(jobs)
        case .cron: return CronSchedule(installation(session)).files(jobs)
        case .kubernetes: return KubernetesSchedule(place(session)).files(jobs)
        }
    }

    private func installation(_ session: Session) -> Installation {
        let configuration = session.configuration
        var writable = [session.stateFolder]
        if case .directory(let store) = configuration.store.url { writable.append(store) }
        if let textfile = configuration.metrics.textfile {
            writable.append(URL(filePath: textfile).deletingLastPathComponent().path)
        }
        // A snapshot that was taken is removed from Prometheus' own directory.
        writable += configuration.components.filter { $0.options is PrometheusOptions }.compactMap(Components.home)
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "/usr/bin/dr"
        return Installation(
            program: program, configuration: URL(filePath: session.file).standardizedFileURL.path,
            environmentFile: environmentFile, user: user, writable: Set(writable).sorted(),
            seed: ProcessInfo.processInfo.hostName)
    }

    private func place(_ session: Session) -> ClusterPlace {
        var place = ClusterPlace()
        place.namespace = namespace
        place.image = image ?? ""
        if let state = session.configuration.state { place.state = state }
        place.data = session.configuration.components.compactMap { component in
            Components.home(component).map { ClusterPlace.Mount(path: $0, claim: component.name) }
        }
        if case .directory(let store) = session.configuration.store.url {
            place.data.append(ClusterPlace.Mount(path: store, claim: "dr-store"))
        }
        return place
    }
}
