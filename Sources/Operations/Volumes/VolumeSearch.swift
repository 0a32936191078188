import Documents
import Kubernetes
import StackConfiguration

/// Finds the volume of a component in its cluster.
struct VolumeSearch: Sendable {
    let volume: KubernetesVolume
    let kubectl: Kubectl

    /// - Throws: ``VolumeError``; `KubernetesError`.
    func placement() async throws -> VolumePlacement {
        guard let workload = volume.workload else {
            // The configuration requires both.
            guard let claim = volume.claim, let path = volume.path else {
                throw VolumeError("the component", "it has neither a workload nor a claim and a path")
            }
            var place = try VolumePlacement(claim: claim, path: path, subPath: volume.subPath)
            choose(&place)
            try await follow(claim, &place)
            return place
        }
        guard let object = try await kubectl.object(workload) else {
            try await refuseMissingNamespace(of: workload)
            throw VolumeError(
                workload, "there is no such workload",
                hint: "apply it first, held at 0 replicas; or set `kubernetes: claim:` and `path:`")
        }
        var place: VolumePlacement
        let pods = try await runningPods(of: object, workload)
        let replica = Self.replica(of: object, claim: volume.claim)
        if let pod = Self.choose(among: pods, replica: replica, claim: volume.claim) {
            place = try placement(in: pod["spec"] ?? [:], workload: workload)
            place.pod = pod["metadata"]?["name"]?.text
            place.podLabels = (pod["metadata"]?["labels"]?.object ?? [:]).compactMapValues(\.text)
            place.node = pod["spec"]?["nodeName"]?.text
        } else {
            guard let spec = object["spec"]?["template"]?["spec"] else {
                throw VolumeError(
                    workload, "it has no running pod and no template of one",
                    hint: "set `kubernetes: claim:` and `path:`")
            }
            place = try placement(in: spec, templates: replica?.claims ?? [:], workload: workload)
        }
        choose(&place)
        if let replica, replica.claims.values.contains(place.claim), replica.siblings > 0 {
            place.warnings.append(
                "only the volume of \(replica.pod) is backed up, and \(workload) has \(replica.siblings + 1) replicas")
        }
        // The pods of a workload have one image.
        let witness = place.pod ?? pods.first?["metadata"]?["name"]?.text
        if place.user == nil, let pod = witness, let container = place.container {
            try await askIdentity(&place, pod, container: container)
        }
        return place
    }

    /// Puts the mover on the node of the pod that uses the claim: a volume for one node cannot be mounted elsewhere.
    private func follow(_ claim: String, _ place: inout VolumePlacement) async throws {
        let users = try await pods(mounting: claim).filter {
            $0["metadata"]?["deletionTimestamp"] == nil && $0["status"]?["phase"]?.text == "Running"
        }
        // Movers come and go.
        guard let user = users.first(where: { $0["metadata"]?["labels"]?[MoverPod.purposeLabel] == nil }) else {
            return
        }
        place.pod = user["metadata"]?["name"]?.text
        place.node = user["spec"]?["nodeName"]?.text
        place.tolerations = place.tolerations ?? user["spec"]?["tolerations"]
    }

    /// - Throws: ``VolumeError`` if the namespace does not exist. A user who may not read it cannot know.
    private func refuseMissingNamespace(of workload: String) async throws {
        guard let name = kubectl.namespace else { return }
        let namespace: JSONValue?
        do { namespace = try await kubectl.object("namespace/\(name)") } catch let error as KubernetesError
            where !error.isUnreachable
        { return }
        guard namespace == nil else { return }
        let place = kubectl.context.map { "the context '\($0)'" } ?? "the current context"
        throw VolumeError(
            workload, "the namespace '\(name)' does not exist in \(place)",
            hint: "set `kubernetes: namespace:`, or `context:`; `kubectl get namespaces` lists those of the cluster")
    }

    private func placement(
        in spec: JSONValue, templates: [String: String] = [:], workload: String
    ) throws(VolumeError) -> VolumePlacement {
        try VolumePlacement(
            in: spec, templates: templates, workload: workload, claim: volume.claim, container: volume.container,
            path: volume.path, subPath: volume.subPath)
    }

    private func choose(_ place: inout VolumePlacement) {
        place.namespace = volume.namespace
        place.user = volume.user ?? place.user
        place.group = volume.group ?? place.group
    }

    /// One pod of a StatefulSet that makes claims for each.
    struct Replica: Equatable {
        var pod: String
        /// By the name of their volume.
        var claims: [String: String]
        /// The number of the other replicas.
        var siblings: Int
    }

    /// The replica that has the component's data: that of the configured claim, otherwise the first one, also if only
    /// others run. Each has data of its own, so two backups must not take them from different ones.
    /// - Returns: nil for a workload that makes no claims, and for a claim that is none of them.
    static func replica(of workload: JSONValue, claim: String?) -> Replica? {
        guard let name = workload["metadata"]?["name"]?.text else { return nil }
        let volumes = (workload["spec"]?["volumeClaimTemplates"]?.array ?? []).compactMap {
            $0["metadata"]?["name"]?.text
        }
        guard !volumes.isEmpty else { return nil }
        var ordinal = workload["spec"]?["ordinals"]?["start"]?.integer ?? 0
        if let claim {
            let ordinals = volumes.compactMap { volume -> Int? in
                let prefix = "\(volume)-\(name)-"
                return claim.hasPrefix(prefix) ? Int(claim.dropFirst(prefix.count)) : nil
            }
            guard let own = ordinals.first, own >= 0 else { return nil }
            ordinal = own
        }
        let claims = volumes.map { ($0, "\($0)-\(name)-\(ordinal)") }
        let replicas = workload["spec"]?["replicas"]?.integer ?? 1
        return Replica(
            pod: "\(name)-\(ordinal)", claims: Dictionary(claims) { first, _ in first },
            siblings: max(0, max(1, replicas) - 1))
    }

    /// Chooses the pod that uses the volume.
    static func choose(among pods: [JSONValue], replica: Replica?, claim: String?) -> JSONValue? {
        if let replica { return pods.first { $0["metadata"]?["name"]?.text == replica.pod } }
        guard let claim else { return pods.first }
        return pods.first { mounts($0, claim: claim) } ?? pods.first
    }

    /// The claims of a StatefulSet's first pod, by the name of their volume.
    static func claims(of workload: JSONValue) -> [String: String] { replica(of: workload, claim: nil)?.claims ?? [:] }

    /// Asks the container, because only its image knows the user.
    private func askIdentity(_ place: inout VolumePlacement, _ pod: String, container: String) async throws {
        func ask(_ option: String) async -> Int? {
            // With a time-out of its own, because an option of kubectl at the end would be one of the command.
            let text = try? await kubectl.run(
                ["exec", pod, "--container=\(container)", "--", "id", option], timeout: .minutes(1))
            return text.flatMap { Int($0.filter { !$0.isWhitespace }) }
        }
        place.user = await ask("-u")
        if place.group == nil { place.group = await ask("-g") }
    }

    // MARK: Pods

    private func runningPods(of workload: JSONValue, _ name: String) async throws -> [JSONValue] {
        let selector: String
        if let text = Self.selector(in: workload["spec"]?["selector"]) {
            selector = text
        } else {
            let scale = try await kubectl.run(["get", name, "--subresource=scale", "--output=json"])
            selector = (try? JSONValue(parsing: scale))?["status"]?["selector"]?.text ?? ""
        }
        guard !selector.isEmpty else { return [] }
        return try await pods(selector).filter { $0["status"]?["phase"]?.text == "Running" }
    }

    /// The pods with a selector that are not being deleted.
    func pods(_ selector: String) async throws -> [JSONValue] {
        let text = try await kubectl.run(["get", "pods", "--selector=\(selector)", "--output=json"])
        let list = try? JSONValue(parsing: text)
        return (list?["items"]?.array ?? []).filter { $0["metadata"]?["deletionTimestamp"] == nil }
    }

    /// The pods that mount a claim, also those that are ending: they still may write.
    func pods(mounting claim: String) async throws -> [JSONValue] {
        let names = try await kubectl.run(["get", "pods", "--output=name"]).split(separator: "\n").map(String.init)
        var mounting: [JSONValue] = []
        for name in names {
            guard let pod = try await kubectl.object(name) else { continue }
            let hasEnded = ["Succeeded", "Failed"].contains(pod["status"]?["phase"]?.text ?? "")
            if Self.mounts(pod, claim: claim), !hasEnded { mounting.append(pod) }
        }
        return mounting
    }

    private static func mounts(_ pod: JSONValue, claim: String) -> Bool {
        (pod["spec"]?["volumes"]?.array ?? []).contains {
            $0["persistentVolumeClaim"]?["claimName"]?.text == claim
        }
    }

    /// Converts a label selector to the notation of requests.
    static func selector(in selector: JSONValue?) -> String? {
        var terms: [String] = []
        for (key, value) in (selector?["matchLabels"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let value = value.text else { return nil }
            terms.append("\(key)=\(value)")
        }
        for rule in selector?["matchExpressions"]?.array ?? [] {
            guard let key = rule["key"]?.text else { return nil }
            let values = (rule["values"]?.array ?? []).compactMap(\.text).joined(separator: ",")
            switch rule["operator"]?.text {
            case "In": terms.append("\(key) in (\(values))")
            case "NotIn": terms.append("\(key) notin (\(values))")
            case "Exists": terms.append(key)
            case "DoesNotExist": terms.append("!\(key)")
            default: return nil
            }
        }
        return terms.isEmpty ? nil : terms.joined(separator: ",")
    }
}
