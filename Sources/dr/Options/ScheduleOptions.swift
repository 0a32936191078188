import ArgumentParser
import Operations

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
            throw ValidationError("--kubernetes needs --image, such as registry/dr:\(Release.version)")
        }
    }

    /// The form that was asked for; nil for the usual one of this machine.
    private var requested: SchedulePlan.Form? {
        if systemd { return .systemd }
        if cron { return .cron }
        return kubernetes ? .kubernetes : nil
    }

    /// The same, checked.
    func plan() -> SchedulePlan {
        var plan = SchedulePlan(requested ?? .usual)
        plan.user = user
        plan.environmentFile = environmentFile
        plan.sample = sample
        plan.namespace = namespace
        plan.image = image
        return plan
    }
}
