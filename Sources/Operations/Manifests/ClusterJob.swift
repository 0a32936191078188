internal import Documents

/// A job of dr in a cluster: a CronJob.
struct ClusterJob {
    /// "backup" for the CronJob `dr-backup`.
    var name: String
    var about: String
    var arguments: [String]
    /// The five fields of a crontab; of a suspended job, never.
    var schedule: String
    /// The service account, without its prefix.
    var account: String
    /// True if it asks the cluster, and so needs the token of its service account.
    var usesCluster = false
    /// Seconds after which the job ends, its wait for a node and an image included.
    var deadline: Int
    /// Seconds within which a missed start is made up for.
    var startingDeadline: Int
    /// Seconds after which a finished job is deleted with its log.
    var timeToLive: Int
    /// True for a job that an operator starts.
    var isSuspended = false
    /// True if the state must outlive the pod.
    var keepsState = false
    /// The largest size of the state or of the restored data in the pod.
    var stateSize = "2Gi"
    /// True if another Secret than that of the other jobs holds the credentials.
    var usesPruneSecret = false
    /// True if Kubernetes starts a failed job again.
    var isRetried = true
    /// The parameters of the plan that the job runs.
    var parameters: [(name: String, value: String)] = []

    private static let day = 86_400

    init(_ job: ScheduledJob, _ settings: ClusterSettings) {
        name = job.name
        about = job.about
        // User namespaces, which a bare drill needs, do not exist in a restricted pod.
        arguments = job.arguments.filter { $0 != "--bare" }
        schedule = CronTime(job, seed: settings.namespace).text
        usesCluster = job.name == "backup" || job.startsServers
        account = usesCluster ? job.name : "verify"
        switch job.cadence {
        // A backup that hangs costs the next one, not those of half a day.
        case .hourly: (deadline, startingDeadline) = (settings.backupDeadline.seconds, 1800)
        case .daily: (deadline, startingDeadline) = (job.longestHours * 3600, 6 * 3600)
        case .weekly, .quarterly: (deadline, startingDeadline) = (job.longestHours * 3600, Self.day)
        }
        timeToLive = job.cadence == .hourly ? Self.day : 7 * Self.day
        keepsState = settings.keepsState && job.cadence == .hourly
        if job.startsServers { stateSize = "50Gi" }
    }

    private init(
        _ name: String, _ about: String, arguments: [String], schedule: String, account: String, hours: Int
    ) {
        self.name = name
        self.about = about
        self.arguments = arguments
        self.schedule = schedule
        self.account = account
        deadline = hours * 3600
        startingDeadline = 6 * 3600
        timeToLive = 7 * Self.day
    }

    /// Prunes with credentials that may delete, which the backup then does not have.
    static func prune(_ settings: ClusterSettings) -> ClusterJob {
        let minute = Jitter.place("prune", on: settings.namespace, of: 60)
        var job = ClusterJob(
            "prune", "remove the backup sets that the retention policy drops", arguments: ["prune", "--quiet"],
            schedule: "\(minute) 2 * * *", account: "verify", hours: 6)
        job.usesPruneSecret = true
        return job
    }

    /// The recovery of the whole stack, which an operator starts.
    static func restore(_ settings: ClusterSettings) -> ClusterJob {
        var job = ClusterJob(
            "restore", "recover the stack by its plan", arguments: ["restore", "--scenario", restoreScenario, "--yes"],
            schedule: "0 0 1 1 *", account: "restore", hours: 24)
        // The folder of dr.yaml is read-only, so the plan cannot restore the configuration into it.
        job.parameters = [
            ("checkout", "/var/lib/dr/checkout"), ("context", ""), ("manifests", "/var/lib/dr/checkout/kubernetes"),
            ("namespace", settings.workloads.first ?? "monitoring"), ("platform", "kubernetes"),
        ]
        job.usesCluster = true
        job.isSuspended = true
        job.isRetried = false
        job.keepsState = settings.keepsState
        return job
    }

    static let restoreScenario = "complete_cluster_loss"
}
