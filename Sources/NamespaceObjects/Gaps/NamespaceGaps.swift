internal import BackupRepository
internal import Documents
internal import Kubernetes
internal import Platform

/// Finds data and objects of the namespaces that no backup holds.
struct NamespaceGaps: GapFinder {
    let api: KubernetesAPI
    let settings: NamespaceObjectsComponent
    let selection: TypeSelection
    let pool: BlockingPool

    func gaps(_ surroundings: GapSurroundings) async throws -> [Gap] {
        defer { api.end() }
        return try await pool.run { [self] in
            do { return try found(surroundings) } catch let error as KubernetesError { throw ComponentError(error) }
        }
    }

    private func found(_ surroundings: GapSurroundings) throws -> [Gap] {
        try settings.requireNamespace(operation: "search for gaps")
        let discovery = try api.discover(skipping: selection.skips)
        var gaps: [Gap] = []
        for namespace in settings.namespaces {
            gaps += try claims(namespace, discovery, surroundings: surroundings)
            gaps += try pods(namespace, discovery)
            gaps += try controlled(namespace, discovery)
        }
        gaps += secrets(surroundings)
        gaps += try unreadable(discovery)
        return gaps
    }

    // MARK: Data

    /// Claims whose data no component backs up: this kind backs up their specification only.
    private func claims(
        _ namespace: String, _ discovery: APIDiscovery, surroundings: GapSurroundings
    ) throws -> [Gap] {
        guard let resource = discovery.resource(group: "", kind: "PersistentVolumeClaim") else { return [] }
        let used = try claims(ofBackedUpWorkloads: surroundings, in: namespace, discovery)
        var names: [String] = []
        try readable {
            try api.list(resource, in: namespace) { claim in
                guard let name = claim["metadata"]?["name"]?.text, !surroundings.covers(claim: name, in: namespace),
                    !used.contains(name)
                else { return }
                names.append(name)
            }
        }
        guard !names.isEmpty else { return [] }
        return [
            Gap(
                "the data of the claims \(Gap.list(names)) of namespace '\(namespace)'",
                why: "this component backs up what the claims ask for, not the files in their volumes",
                remedy:
                    "add a component for the server that uses each claim, with `kubernetes: {workload: …}` or `{claim: …}`"
            )
        ]
    }

    /// The claims that the templates of workloads name, if a component backs up the workload's data.
    private func claims(
        ofBackedUpWorkloads surroundings: GapSurroundings, in namespace: String, _ discovery: APIDiscovery
    ) throws -> Set<String> {
        let workloads = Set(
            surroundings.claims.filter { $0.claim == nil && ($0.namespace ?? namespace) == namespace }
                .compactMap(\.workload))
        var claims: Set<String> = []
        for resource in discovery.resources where resource.group == "apps" && resource.hasScale && !workloads.isEmpty {
            try readable {
                try api.list(resource, in: namespace) { workload in
                    guard workload["metadata"]?["name"]?.text.map(workloads.contains) == true else { return }
                    for volume in workload["spec"]?["template"]?["spec"]?["volumes"]?.array ?? [] {
                        if let name = volume["persistentVolumeClaim"]?["claimName"]?.text { claims.insert(name) }
                    }
                }
            }
        }
        return claims
    }

    // MARK: Objects

    /// Pods that no controller would make again.
    private func pods(_ namespace: String, _ discovery: APIDiscovery) throws -> [Gap] {
        guard !settings.included.contains(where: { ["pods", "pod"].contains($0.lowercased()) }),
            let resource = discovery.resource(group: "", kind: "Pod")
        else { return [] }
        var names: [String] = []
        try readable {
            try api.list(resource, in: namespace) { pod in
                guard ObjectLedger.controller(of: pod) == nil, let name = pod["metadata"]?["name"]?.text,
                    pod["metadata"]?["labels"]?["app.kubernetes.io/managed-by"]?.text != "dr",
                    !["Succeeded", "Failed"].contains(pod["status"]?["phase"]?.text ?? "")
                else { return }
                names.append(name)
            }
        }
        guard !names.isEmpty else { return [] }
        return [
            Gap(
                "the pods \(Gap.list(names)) of namespace '\(namespace)'",
                why: "no workload makes them again, and pods are not backed up",
                remedy: "make a Deployment or a StatefulSet of them, or keep their manifests in git")
        ]
    }

    /// Objects that an operator makes from a custom resource: the operator must be there to make them again.
    private func controlled(_ namespace: String, _ discovery: APIDiscovery) throws -> [Gap] {
        var owners: [String: Int] = [:]
        for resource in discovery.resources.filter(selection.contains) where resource.group == "apps" {
            try readable {
                try api.list(resource, in: namespace) { object in
                    guard let owner = ObjectLedger.controller(of: object), let kind = owner["kind"]?.text,
                        let version = owner["apiVersion"]?.text,
                        let group = version.split(separator: "/").dropLast().first, group.contains(".")
                    else { return }
                    owners["\(kind) '\(owner["name"]?.text ?? "")' (\(group))", default: 0] += 1
                }
            }
        }
        guard !owners.isEmpty else { return [] }
        let names = owners.keys.sorted()
        return [
            Gap(
                "\(owners.values.clampedSum()) workloads of namespace '\(namespace)' that operators make from \(Gap.list(names))",
                why:
                    "the backup holds the custom resources only: a restore needs the operator that makes the workloads",
                remedy: "back up the operator's namespace too, or install the operator before the restore")
        ]
    }

    // MARK: Access

    private func secrets(_ surroundings: GapSurroundings) -> [Gap] {
        var gaps: [Gap] = []
        if !surroundings.withheld.isEmpty {
            gaps.append(
                Gap(
                    "\(surroundings.withheld.count) Secrets: \(Gap.list(surroundings.withheld.map(\.object)))",
                    why: "they are backed up into encrypted stores only",
                    remedy: "add recipients to the store in dr.yaml, or keep the Secrets in a secret manager"))
        }
        if settings.secrets == .never {
            gaps.append(
                Gap(
                    "the Secrets of \(settings.namespaces.map { "namespace '\($0)'" }.joined(separator: ", "))",
                    why: "workloads that use them do not start without them",
                    remedy: "set `secrets: auto` with an encrypted store, or keep the Secrets in a secret manager"))
        }
        return gaps
    }

    private func unreadable(_ discovery: APIDiscovery) throws -> [Gap] {
        var names = discovery.failures.map(\.groupVersion)
        for resource in discovery.resources.filter(selection.contains) {
            for namespace in settings.namespaces {
                do {
                    _ = try api.document(at: resource.path(in: namespace) + "?limit=1")
                } catch let error as KubernetesError where !error.isConnectionFailure {
                    names.append("\(resource.name) of namespace '\(namespace)'")
                }
            }
        }
        guard !names.isEmpty else { return [] }
        return [
            Gap(
                "the types \(Gap.list(names))", why: "dr cannot list their objects",
                remedy: "grant `get` and `list` for them, or name them under `exclude:` if they are not needed")
        ]
    }

    /// Runs a search whose type may not be listed: ``unreadable(_:)`` reports that.
    private func readable(_ search: () throws -> Void) throws {
        do { try search() } catch let error as KubernetesError where !error.isConnectionFailure {}
    }
}
