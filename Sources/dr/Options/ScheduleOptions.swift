import ArgumentParser
import Operations

/// The options that both schedule commands share.
struct ScheduleOptions: ParsableArguments {
    @Flag(name: .long, help: "Write systemd services and timers (default where systemd runs).")
    var systemd = false

    @Flag(name: .long, help: "Write a file for /etc/cron.d (default where systemd does not run).")
    var cron = false

    @Flag(name: .long, help: "Write a kustomization for Kubernetes, as `dr kubernetes manifests` does.")
    var kubernetes = false

    @Option(name: .long, help: "User that runs the jobs on this machine.")
    var user = "root"

    @Option(name: .long, help: "File of NAME=value lines with the secrets that dr.yaml reads from the environment.")
    var environmentFile = "/etc/dr/environment"

    @Option(name: .long, help: "Share of the packs that the weekly sample reads, in per cent.")
    var sample = 5

    @Option(name: .long, help: "Namespace of the CronJobs. Only with --kubernetes.")
    var namespace: String = "dr"

    @Option(name: .long, help: "Container image that contains dr. Required with --kubernetes.")
    var image: String?

    func validate() throws {
        if [systemd, cron, kubernetes].count(where: { $0 }) > 1 {
            throw ValidationError("--systemd, --cron and --kubernetes exclude each other")
        }
        guard (1...100).contains(sample) else { throw ValidationError("--sample takes 1 to 100 percent") }
        let isName =
            !user.isEmpty && user.first != "-"
            && user.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-.".contains($0)) }
        guard isName else { throw ValidationError("--user: '\(user)' is not a valid user name") }
        try ClusterOptions.check(namespace: namespace, of: "--namespace")
        if kubernetes, image == nil {
            throw ValidationError("--kubernetes needs --image, such as registry/dr:\(Release.version)")
        }
    }

    /// The requested form; nil for this machine's default.
    private var requested: SchedulePlan.Form? {
        if systemd { return .systemd }
        if cron { return .cron }
        return kubernetes ? .kubernetes : nil
    }

    /// The validated options.
    func plan(_ session: Session) throws -> SchedulePlan {
        var plan = SchedulePlan(requested ?? .usual)
        plan.user = user
        plan.environmentFile = environmentFile
        plan.sample = sample
        if plan.form == .kubernetes {
            var (settings, remarks) = try ClusterSettings.of(session)
            settings.namespace = namespace
            settings.sample = sample
            if let image { settings.image = image }
            let output = Output(options: session.options)
            for remark in remarks + settings.remarks(on: session) { output.warn(remark) }
            plan.cluster = settings
        }
        return plan
    }

    /// The folder of the form on this machine; nil for a form without one.
    var usualFolder: String? { SchedulePlan(requested ?? .usual).usualFolder }
}
