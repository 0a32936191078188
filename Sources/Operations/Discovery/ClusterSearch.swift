package import Components
import Documents
import FoundationEssentials
import Kubernetes
package import Platform
package import StackConfiguration

/// Searches a namespace of a Kubernetes cluster for servers of the supported kinds: by the programs of its workloads, and
/// by the ports of its services. It asks them through `kubectl port-forward`, with requests that change nothing.
package struct ClusterSearch: Sendable {
    private let kinds: [any ComponentKind.Type]
    private let pool: BlockingPool
    private let namespace: String
    private let context: String?
    private let image: String?
    /// The longest wait for the beginning and for the end of an answer.
    package var limit = Duration.seconds(10)

    /// - Parameters:
    ///   - context: in the kubeconfig; nil for the current one.
    ///   - image: of the pods that dr starts for volumes; nil if it is not known.
    package init(
        namespace: String, context: String?, image: String?, kinds: [any ComponentKind.Type], pool: BlockingPool
    ) {
        self.namespace = namespace
        self.context = context
        self.image = image
        self.kinds = kinds
        self.pool = pool
    }

    package struct Result: Sendable {
        package var servers: [DiscoveredServer]
        /// The section `kubernetes` of dr.yaml.
        package var cluster: KubernetesConfiguration
    }

    /// A server that a service may lead to.
    private struct Match {
        var candidate: ServerCandidate
        var service: NamespaceService
        var workload: ServedWorkload?
        /// The name of the server's container; nil if no container has the kind's program.
        var container: String?
        /// True if the service has the port that the server listens on.
        var hasServerPort: Bool

        /// Less for a better way to the same server.
        var rank: [Int] {
            let hasItsName = workload?.name.hasSuffix("/\(service.name)") == true
            return [service.isHeadless, !hasServerPort, !hasItsName].map { $0 ? 1 : 0 }
        }
    }

    /// - Returns: for each kind with a server, all that was found and what was not, in the order of the kinds.
    /// - Throws: `KubernetesError` if the services cannot be read, or the namespace does not exist.
    package func run() async throws -> Result {
        var cluster = KubernetesConfiguration()
        cluster.context = try await knownContext()
        cluster.namespace = namespace
        cluster.image = image
        let kubectl = kubectl(cluster.context)
        let services = try await services(kubectl)
        let (workloads, refusals) = try await workloads(kubectl)
        let matches = kinds.map { kind in
            (kind, self.matches(of: kind, among: services, workloads: workloads, context: cluster.context))
        }
        let all = matches.flatMap(\.1)
        var answers = try await ServerCandidate.ask(all.map(\.candidate), limit: limit, pool: pool)
        for (index, match) in all.enumerated() { place(&answers[index], of: match, refusals: refusals) }
        var servers: [DiscoveredServer] = []
        for (kind, found) in matches {
            guard let recognition = kind.recognition else { continue }
            servers += answers.prefix(found.count)
            answers.removeFirst(found.count)
            guard found.isEmpty else { continue }
            var missing = DiscoveredServer(
                kind: kind.name, url: "\(ClusterAddress.scheme)\(cluster.context ?? "")/\(namespace)",
                origin: "namespace \(namespace)")
            missing.reasons = ["no service has its port \(recognition.port) or leads to its program"]
            servers.append(missing)
        }
        return Result(servers: servers, cluster: cluster)
    }

    // MARK: The cluster

    private func kubectl(_ context: String?) -> Kubectl {
        Kubectl(
            context: context, namespace: namespace, environment: ProcessInfo.processInfo.environment,
            folder: FileManager.default.currentDirectoryPath, pool: pool)
    }

    /// The given context or the current one, so that dr.yaml does not depend on later changes of the kubeconfig.
    /// - Returns: nil for the cluster that dr runs in.
    private func knownContext() async throws -> String? {
        if let context { return context.isEmpty ? nil : context }
        do {
            let name = try await kubectl(nil).run(["config", "current-context"])
            return name.split(whereSeparator: \.isNewline).first.map(String.init)
        } catch let error as KubernetesError where error.reason != .hopeless {
            // The kubeconfig names none: the first request tells whether there is a cluster.
            return nil
        }
    }

    private func services(_ kubectl: Kubectl) async throws -> [NamespaceService] {
        let services = try await kubectl.objects("services").compactMap(NamespaceService.init)
        // The list of a namespace that does not exist is empty too.
        guard services.isEmpty else { return services.sorted { $0.name < $1.name } }
        let object: JSONValue?
        do { object = try await kubectl.object("namespace/\(namespace)") } catch let error as KubernetesError
            where error.isForbidden
        { return [] }
        guard object == nil else { return [] }
        let place = kubectl.context.map { "the context '\($0)'" } ?? "the current context"
        throw KubernetesError(
            .hopeless, operation: "search for servers", "the namespace '\(namespace)' does not exist in \(place)",
            hint: "`kubectl get namespaces` lists those of the cluster")
    }

    /// - Returns: the workloads, and the refusals of the types that the user may not read.
    private func workloads(_ kubectl: Kubectl) async throws -> ([ServedWorkload], refusals: [String]) {
        var workloads: [ServedWorkload] = []
        var refusals: [String] = []
        for type in ["statefulset", "deployment", "daemonset"] {
            do {
                workloads += try await kubectl.objects("\(type)s").compactMap { ServedWorkload($0, type: type) }
            } catch let error as KubernetesError where error.isForbidden {
                refusals.append("the user may not read \(type)s")
            }
        }
        return (workloads, refusals)
    }

    // MARK: Candidates

    private func matches(
        of kind: any ComponentKind.Type, among services: [NamespaceService], workloads: [ServedWorkload],
        context: String?
    ) -> [Match] {
        guard let recognition = kind.recognition else { return [] }
        let matches = services.compactMap {
            match($0, among: workloads, kind: kind.name, recognition: recognition, context: context)
        }
        // One entry for each workload is enough. A service with its own address and the server's port comes first.
        let ranked = matches.sorted { $0.rank.lexicographicallyPrecedes($1.rank) }
        var taken: Set<String> = []
        let chosen = ranked.filter { match in match.workload.map { taken.insert($0.name).inserted } ?? true }
        return chosen.sorted { $0.service.name < $1.service.name }
    }

    private func match(
        _ service: NamespaceService, among workloads: [ServedWorkload], kind: String, recognition: Recognition,
        context: String?
    ) -> Match? {
        let workload =
            workloads.first { service.leads(to: $0) && $0.container(running: recognition.programs) != nil }
            ?? workloads.first { service.leads(to: $0) }
        let container = workload?.container(running: recognition.programs)
        let address = recognition.address(container?.arguments ?? StartArguments())
        let listening = address.port ?? recognition.port
        let port =
            container.map { service.port(for: listening, of: $0) }
            ?? service.port(at: listening, of: workload?.containers ?? [])
        guard let port, let number = UInt16(exactly: port.number) else { return nil }
        let url = ClusterAddress(
            context: context, namespace: namespace, kind: .services, name: service.name, port: number,
            usesTLS: port.usesTLS, path: address.prefix)
        // Without the arguments: their paths are those of the container, which this machine does not have.
        var candidate = ServerCandidate(
            kind: kind, recognition: recognition, url: url.text,
            origin: "service \(service.name)" + (workload.map { " of \($0.name)" } ?? ""))
        if let workload, !workload.isReady { candidate.refusal = "no pod of \(workload.name) is ready" }
        return Match(
            candidate: candidate, service: service, workload: workload, container: container?.name,
            hasServerPort: port.number == listening)
    }

    // MARK: Volumes

    /// Replaces the data directory of a server by the volume that has it.
    private func place(_ server: inout DiscoveredServer, of match: Match, refusals: [String]) {
        guard let index = server.settings.firstIndex(where: { $0.key == DataDirectory.key }),
            case .text(let text) = server.settings[index].value
        else { return }
        let data = ServedWorkload.Container.withoutSlash(text)
        guard let workload = match.workload else {
            server.settings.remove(at: index)
            server.miss(
                (["the workload of service \(match.service.name): set kubernetes"] + refusals).joined(separator: "; "))
            return
        }
        guard let volume = workload.volume(for: data, in: match.container) else {
            server.settings.remove(at: index)
            server.miss("a persistent volume claim: \(workload.name) mounts none at \(data)")
            return
        }
        server.settings[index] = RecognizedServer.Setting(
            DataDirectory.volumeKey, .value(volume.section), from: "its data are in \(data) of \(workload.name)")
        for setting in server.settings {
            guard case .text(let path) = setting.value, path.hasPrefix("/"),
                path != volume.mountPath, !path.hasPrefix("\(volume.mountPath)/")
            else { continue }
            server.miss("\(setting.key) in the volume of its data: \(path) is outside of \(volume.mountPath)")
        }
        if image == nil { server.miss("the image of the pods that read the volume: add --image") }
    }
}

extension DiscoveredServer {
    /// Notes a fact that a backup needs and that dr did not find.
    fileprivate mutating func miss(_ fact: String) {
        verdict = .incomplete
        reasons.append("missing: \(fact)")
    }
}
