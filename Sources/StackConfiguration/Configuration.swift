internal import Components
package import Documents

/// The validated content of `dr.yaml`.
package struct Configuration: Equatable, Sendable {
    /// The name of the stack in reports, metrics and notifications.
    package var stack = "monitoring"
    /// Previous names of the stack; sets with these names belong to it.
    package var formerStacks: [String] = []
    package var objectives = Objectives()
    package var store = StoreConfiguration()
    /// In the order of the file.
    package var components: [ComponentConfiguration] = []
    package var retention = RetentionConfiguration()
    package var verification = VerificationConfiguration()
    /// The absolute path of the folder of recovery plans; nil for `plans` beside the file.
    package var plans: String?
    /// The absolute path of the cache and the journals; nil for the default of ``stateFolder(environment:isRoot:)``.
    package var state: String?
    package var notifications = NotificationConfiguration()
    package var checks = ChecksConfiguration()
    package var metrics = MetricsConfiguration()
    package var drill = DrillConfiguration()
    package var evidence = EvidenceConfiguration()
    package var capacity = CapacityOptions()
    package var ready = ReadinessConfiguration()
    package var forecast = ForecastConfiguration()
    package var kubernetes = KubernetesConfiguration()
    package var serve = ConsoleConfiguration()
    package var limits = LimitsConfiguration()

    package init() {}

    package func component(named name: String) -> ComponentConfiguration? {
        components.first { $0.name == name }
    }

    /// The folder of cache and journals: as configured, else `/var/lib/dr` for root and the XDG state folder for others.
    package func stateFolder(environment: [String: String], isRoot: Bool) -> String {
        if let state { return state }
        if isRoot { return "/var/lib/dr" }
        if let xdg = environment["XDG_STATE_HOME"], xdg.hasPrefix("/") { return "\(xdg)/dr" }
        return "\(environment["HOME"] ?? "/var/tmp")/.local/state/dr"
    }
}

extension Configuration: Section {
    package static let keys: [Key<Self>] = [
        Key("stack", \.stack, as: .text, about: "Name of the stack in reports, metrics and notifications."),
        Key(
            "former_stacks", \.formerStacks, as: .list(of: .text),
            about: "Previous names of the stack; backups under these names belong to it."),
        Key("objectives", \.objectives, as: .section(), about: "Objectives of a recovery."),
        Key("store", \.store, as: .section(), required: true, about: "Store of the backups."),
        Key("retention", \.retention, as: .section(), about: "Retention policy of the backups. Default: keep all."),
        Key("verification", \.verification, as: .section(), about: "Verification of stored backups."),
        Key("plans", \.plans, as: .path, about: "Folder of your recovery plans. Default: plans, beside this file."),
        Key("state", \.state, as: .path, about: "Folder for cache and journals. Its loss costs time, but no backup."),
        Key("notifications", \.notifications, as: .section(), about: "Channels that get notifications."),
        Key("drill", \.drill, as: .section(), about: "Settings of drills."),
        Key("evidence", \.evidence, as: .section(), about: "Time stamps and facts for the evidence of runs."),
        Key("metrics", \.metrics, as: .section(), about: "Metrics of dr, for a metrics server."),
        Key(
            "capacity", \.capacity, as: .section(), about: "Resources and thresholds of `dr capacity`."
        ),
        Key("ready", \.ready, as: .section(), about: "Limits of `dr ready`."),
        Key("forecast", \.forecast, as: .section(), about: "Settings of recovery forecasts."),
        Key("kubernetes", \.kubernetes, as: .section(), about: "Cluster of the components with 'kubernetes'."),
        Key("serve", \.serve, as: .section(), about: "The console, `dr serve`."),
        Key("limits", \.limits, as: .section(), about: "Memory, speeds and priorities of backups and restores."),
    ]
}

/// The objectives of a recovery.
package struct Objectives: Equatable, Sendable {
    /// The time allowed for a recovery.
    package var rto: Period?
    /// The time span of data whose loss is allowed.
    package var rpo: Period?

    package init() {}
}

extension Objectives: Section {
    package static let keys: [Key<Self>] = [
        Key("rto", \.rto, as: .period, about: "Recovery time objective: time allowed for a recovery, such as 4h."),
        Key(
            "rpo", \.rpo, as: .period,
            about: "Recovery point objective: time span of data whose loss is allowed, such as 1h."),
    ]
}
