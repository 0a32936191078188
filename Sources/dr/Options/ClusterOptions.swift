import ArgumentParser
import Documents
import Operations

/// The settings of dr's objects in a cluster.
struct ClusterOptions: ParsableArguments {
    @Option(name: .long, help: "Namespace of dr itself. It must differ from those of the stack.")
    var namespace = "dr"

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp(
            "Namespace of the stack, for movers and restores; may be repeated (default: those in dr.yaml).",
            valueName: "namespace"))
    var workloads: [String] = []

    @Option(name: .long, help: "Container image with dr and kubectl (default: `kubernetes: image:` in dr.yaml).")
    var image: String?

    @Option(
        name: .long, parsing: .singleValue,
        help: ArgumentHelp("Secret with the credentials of the image's registry; may be repeated.", valueName: "secret")
    )
    var imagePullSecret: [String] = []

    @Option(name: .long, help: ArgumentHelp("PriorityClass of the pods (default: none).", valueName: "class"))
    var priorityClass: String?

    @Option(name: .long, help: "Secret whose keys become environment variables.")
    var secret = "dr"

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Secret with credentials that may delete from the store. Backups do not prune then; a CronJob does.",
            valueName: "secret"))
    var pruneSecret: String?

    @Flag(name: .long, help: "Keep cache and journals on small claims, instead of losing them with each pod.")
    var stateClaim = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Time limit of a backup, its wait for a node and an image included (default: 115m).", valueName: "time"))
    var backupDeadline: PeriodArgument?

    @Flag(name: .long, help: "Let backups read the objects of the namespaces, Secrets included.")
    var objects = false

    @Flag(name: .long, help: "Let backups take volume snapshots.")
    var snapshots = false

    @Flag(
        name: .long,
        help:
            "Let the restore create Roles with permissions that it does not have. It can get every permission this way."
    )
    var escalate = false

    @Flag(name: .long, help: "Let movers connect to the store.")
    var moversUseStore = false

    @Option(name: .long, help: "Share of the packs that the weekly sample reads, in per cent.")
    var sample = 5

    func validate() throws {
        try Self.check(namespace: namespace, of: "--namespace")
        for name in workloads { try Self.check(namespace: name, of: "--workloads") }
        guard (1...100).contains(sample) else { throw ValidationError("--sample takes 1 to 100 percent") }
        var names = imagePullSecret.map { ("--image-pull-secret", $0) } + [("--secret", secret)]
        if let pruneSecret { names.append(("--prune-secret", pruneSecret)) }
        if let priorityClass { names.append(("--priority-class", priorityClass)) }
        for (option, name) in names {
            guard Self.isName(name, longest: 253) else {
                throw ValidationError("\(option): '\(name)' is not a valid name")
            }
        }
    }

    static func check(namespace: String, of option: String) throws {
        guard isName(namespace, longest: 63), !namespace.contains(".") else {
            throw ValidationError("\(option): '\(namespace)' is not a valid namespace name")
        }
    }

    /// True for an RFC 1123 name.
    private static func isName(_ name: String, longest: Int) -> Bool {
        guard (1...longest).contains(name.utf8.count), name.first != "-", name.last != "-" else { return false }
        return name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-" || $0 == ".") }
    }

    /// The settings of `dr.yaml` and the options; prints remarks about settings that do not work in a cluster.
    func settings(_ session: Session) throws -> ClusterSettings {
        var (settings, remarks) = try ClusterSettings.of(session)
        settings.namespace = namespace
        if !workloads.isEmpty { settings.workloads = workloads }
        if let image { settings.image = image }
        if !imagePullSecret.isEmpty { settings.imagePullSecrets = imagePullSecret }
        if let priorityClass { settings.priorityClass = priorityClass }
        settings.secret = secret
        settings.pruneSecret = pruneSecret
        settings.keepsState = stateClaim
        if let backupDeadline { settings.backupDeadline = backupDeadline.period }
        if objects { settings.readsObjects = true }
        if snapshots { settings.usesSnapshots = true }
        settings.restoresAccess = escalate
        if moversUseStore { settings.moversUseStore = true }
        settings.sample = sample
        let output = Output(options: session.options)
        for remark in remarks + settings.remarks(on: session) { output.warn(remark) }
        return settings
    }
}
