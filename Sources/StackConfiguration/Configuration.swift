internal import Components
package import Documents

/// What `dr.yaml` says, checked.
package struct Configuration: Equatable, Sendable {
    /// What the stack is called in reports, metrics and notifications.
    package var stack = "monitoring"
    /// Names that the stack had before: sets that bear them are its own.
    package var formerStacks: [String] = []
    package var objectives = Objectives()
    package var store = StoreConfiguration()
    /// In the order of the file.
    package var components: [ComponentConfiguration] = []
    package var retention = RetentionConfiguration()
    package var verification = VerificationConfiguration()
    /// Absolute path of the folder of recovery plans; nil stands for `plans` beside the file.
    package var plans: String?
    /// Absolute path of the cache and the journals; nil leaves the place to ``stateFolder(environment:isRoot:)``.
    package var state: String?
    package var notifications = NotificationConfiguration()
    package var checks = ChecksConfiguration()
    package var metrics = Metrics()
    package var drill = DrillConfiguration()
    package var capacity = CapacityOptions()

    package init() {}

    package func component(named name: String) -> ComponentConfiguration? {
        components.first { $0.name == name }
    }

    /// Where cache and journals go: as configured, else `/var/lib/dr` for root and the XDG state folder for others.
    package func stateFolder(environment: [String: String], isRoot: Bool) -> String {
        if let state { return state }
        if isRoot { return "/var/lib/dr" }
        if let xdg = environment["XDG_STATE_HOME"], xdg.hasPrefix("/") { return "\(xdg)/dr" }
        return "\(environment["HOME"] ?? "/var/tmp")/.local/state/dr"
    }
}

extension Configuration: Section {
    package static let keys: [Key<Self>] = [
        Key("stack", \.stack, as: .text, about: "What the stack is called in reports, metrics and notifications."),
        Key(
            "former_stacks", \.formerStacks, as: .list(of: .text),
            about: "Names that the stack had before: backups under these names are its own."),
        Key("objectives", \.objectives, as: .section(), about: "What a recovery is measured against."),
        Key("store", \.store, as: .section(), required: true, about: "Where backups are kept."),
        Key("retention", \.retention, as: .section(), about: "Which backups are kept; left out, all are."),
        Key("verification", \.verification, as: .section(), about: "How what is stored is read again."),
        Key("plans", \.plans, as: .path, about: "Folder of the recovery plans."),
        Key("state", \.state, as: .path, about: "Folder for cache and journals; losing it costs time, never data."),
        Key("notifications", \.notifications, as: .section(), about: "Whom to tell."),
        Key("drill", \.drill, as: .section(), about: "How drills are run, beside the stack."),
        Key("metrics", \.metrics, as: .section(), about: "Metrics about backups, for a metrics server."),
        Key(
            "capacity", \.capacity, as: .section(), about: "What `dr capacity` forecasts, and against which thresholds."
        ),
    ]
}

/// What a recovery is measured against.
package struct Objectives: Equatable, Sendable {
    /// Allowed time to recover.
    package var rto: Period?
    /// Allowed loss of data.
    package var rpo: Period?

    package init() {}
}

extension Objectives: Section {
    package static let keys: [Key<Self>] = [
        Key("rto", \.rto, as: .period, about: "Recovery time objective: the time allowed to recover, such as 4h."),
        Key("rpo", \.rpo, as: .period, about: "Recovery point objective: the loss of data allowed, such as 1h."),
    ]
}

/// Where metrics about backups go.
package struct Metrics: Equatable, Sendable {
    /// Absolute path of a file for the node exporter's textfile collector.
    package var textfile: String?

    package init() {}
}

extension Metrics: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "textfile", \.textfile, as: .path,
            about: "File for the node exporter's textfile collector; its name ends in .prom.")
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if let textfile, !textfile.hasSuffix(".prom") {
            reader.complain(written["textfile"], "'textfile' must end in .prom", hint: "the collector reads no others")
        }
    }
}
