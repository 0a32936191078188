import Components
import Documents
import FoundationEssentials
import ObjectStorage
import Operations
import Platform
import RecoveryPlan
import StackConfiguration
import Synchronization

/// An isolated environment for one run of a plan: its own directories, ports, servers and credentials.
final class DrillStage: Sendable {
    /// The session of this environment.
    let session: Session
    /// The components that are not drilled, with the reason.
    let leftOut: [String: String]
    /// The namespace that the drill may create in clusters.
    let namespace: String
    private let made = Mutex([DrillNamespace]())
    private let folder: DrillFolder
    private let servers: [String: DrillServer]
    /// The components that are restored through their server's API, so that the server starts before the restore.
    private let filledByAPI: Set<String>

    /// - Parameters:
    ///   - live: the session of the live stack.
    ///   - chosen: the components to drill; empty for all.
    ///   - cluster: the cluster of the drill's namespace, for the components that are in the live cluster; nil if they
    ///     are restored on this machine.
    ///   - damage: the wrapper of the repository's store.
    /// - Throws: ``DrillError``, also if the environment is not isolated.
    init(
        _ live: Session, run: String, components chosen: [String], cluster: DrillCluster? = nil,
        damage: @escaping @Sendable (any ObjectStore) -> any ObjectStore = { $0 }
    ) throws {
        let settings = live.configuration.drill
        let parent = settings.folder ?? "\(live.stateRoot)/drills"
        let folder = try DrillFolder(in: parent, run: run)
        var isSetUp = false
        defer { if !isSetUp { folder.remove() } }
        var configuration = live.configuration
        var leftOut: [String: String] = [:]
        var servers: [String: DrillServer] = [:]
        var filledByAPI: Set<String> = []
        let livePorts = Set(live.configuration.components.flatMap(\.places).compactMap(\.port))
        configuration.components = try live.configuration.components.compactMap { component in
            let name = component.name
            guard chosen.isEmpty || chosen.contains(name) else { return nil }
            if let cluster, cluster.has(component) {
                guard let moved = cluster.moved(component, to: DrillNamespace.name(of: run)) else {
                    leftOut[name] = "its server has no kube:// address, so the drill cannot reach the one it starts"
                    return nil
                }
                return moved
            }
            let data = "\(folder.path)/\(name)"
            let options = live.drillServer(of: component)
            let port = try options.map { options in
                try options.port.map { try ReservedPort(UInt16($0), for: name) } ?? ReservedPort(avoiding: livePorts)
            }
            let url = port.map { "http://127.0.0.1:\($0.number)" }
            let place = Relocation(data: data, url: url, username: options?.username, password: options?.password)
            guard let relocated = component.settings.relocated(to: place) else {
                leftOut[name] =
                    type(of: component.settings).drillRefusal
                    ?? "dr.yaml does not have drill.servers.\(name), so there is no server to restore into"
                return nil
            }
            if let options, let port, let url {
                if let text = type(of: component.settings).drillConfiguration(port: DrillServerOptions.port(url)) {
                    // The server may run as another user.
                    try OutputFile.create(Array(text.utf8), at: "\(folder.path)/\(name).yml", mode: 0o644)
                }
                servers[name] = DrillServer(
                    name, command: options.command(name, url: url, data: data, folder: folder.path), port: port,
                    ready: options.ready, patience: options.within.duration, folder: folder.path,
                    account: try options.account(name, data: component.home == nil ? nil : data),
                    environment: ProcessInfo.processInfo.environment, pool: live.pool)
                if component.home == nil { filledByAPI.insert(name) }
            }
            return ComponentConfiguration(name: name, settings: relocated, location: component.location)
        }
        // A drill sends no notifications and does not write to the live stack's metrics.
        configuration.notifications = NotificationConfiguration()
        configuration.metrics = MetricsConfiguration()
        configuration.state = folder.state
        configuration.checks.endpoints = []
        var session = Session(
            live.options, file: "\(folder.path)/dr.yaml", configuration, kinds: live.kinds, pool: live.pool)
        session.trust = live.trust
        session.recoveryKey = live.recoveryKey
        session.passphrases = live.passphrases
        session.acceptsRevoked = live.acceptsRevoked
        session.recorded = live.recorded
        session.recordedSet = live.recordedSet
        session.documentKeyFolder = live.documentKeyFolder ?? live.stateRoot
        // As the recovery reads: over the copies, and no faster than `limits:` allow.
        session.alternatives = live.alternatives
        session.wrapsStore = { [wrapsStore = live.wrapsStore] in damage(DrilledStore(wrapsStore($0))) }
        namespace = DrillNamespace.name(of: run)
        self.folder = folder
        self.leftOut = leftOut
        self.servers = servers
        self.filledByAPI = filledByAPI
        self.session = session
        isSetUp = true
    }

    var path: String { folder.path }

    /// The deviations of the drill's servers for the evidence.
    var deviations: [String] { servers.sorted { $0.key < $1.key }.compactMap(\.value.deviation) }

    /// The places that the drill writes to or connects to.
    var places: [Place] {
        [Place("the drill", .directory(folder.path))] + servers.values.map { Place($0.name, .server(url: $0.url)) }
            + session.configuration.components.flatMap { $0.places.filter(\.isStorage) }
    }

    // MARK: Clusters

    /// Records that the drill creates its namespace in these contexts, before it does.
    func claim(contexts: [String?]) throws {
        guard !contexts.isEmpty else { return }
        let namespaces = contexts.map { DrillNamespace(context: $0, name: namespace) }
        try folder.note(namespaces.map(\.line))
        made.withLock { $0 = namespaces }
    }

    private func remove(_ namespaces: [DrillNamespace]) async {
        for namespace in namespaces {
            guard let obstacle = await namespace.remove(session.pool) else { continue }
            output.warn("namespace \(namespace.name) could not be removed: \(obstacle)\nhint: \(namespace.removal)")
        }
    }

    private var output: Output { Output(options: session.options) }

    // MARK: Servers

    /// Prepares the plan: removes the namespaces of killed drills, creates this one's, and starts the empty servers that are restored through
    /// their API, as on a rebuilt host.
    func prepare() async throws {
        await remove(folder.leftBehind.compactMap(DrillNamespace.init))
        for namespace in made.withLock({ $0 }) {
            try await namespace.create(session.configuration.drill.cluster, session.pool)
        }
        for component in filledByAPI.sorted() { try await servers[component]?.start() }
    }

    /// Starts the server of a component after its files are in place.
    func open(_ component: String) async throws { try await servers[component]?.start() }

    /// Stops the servers, and removes the namespaces and the folder.
    func close(keeping: Bool) async {
        for server in servers.values { await server.stop() }
        let namespaces = made.withLock { $0 }
        if keeping {
            folder.keep()
            for namespace in namespaces { output.note("kept: namespace \(namespace.name): \(namespace.removal)") }
        } else {
            await remove(namespaces)
            folder.remove()
        }
    }
}

extension DrillServerOptions {
    fileprivate func command(_ name: String, url: String, data: String, folder: String) -> [String] {
        run.map {
            $0.replacing("${port}", with: Self.port(url)).replacing("${data}", with: data)
                .replacing("${folder}", with: folder).replacing("${name}", with: name)
        }
    }

    /// - Parameter data: the directory that its files are restored to; nil if they are restored through its API.
    fileprivate func account(_ name: String, data: String?) throws -> ServerAccountRule {
        guard let user else { return data.map { .owner(of: $0) } ?? .caller }
        guard let account = ServerAccount(user) else {
            throw DrillError(
                "drill.servers.\(name).user", "'\(user)' is not a user of this system",
                hint: "use the name of a user, or UID:GID")
        }
        return .fixed(account)
    }

    fileprivate static func port(_ url: String) -> String { url.split(separator: ":").last.map(String.init) ?? "" }
}

extension Session {
    /// The server that a drill starts for a component: the configured one, else the installed program of its kind.
    func drillServer(of component: ComponentConfiguration) -> DrillServerOptions? {
        configuration.drill.servers[component.name]
            ?? type(of: component.settings).drillServer(environment: ProcessInfo.processInfo.environment)
    }
}
