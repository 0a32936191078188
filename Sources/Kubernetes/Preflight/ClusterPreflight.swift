internal import Documents

/// Looks at a cluster before a plan changes anything: can it be reached, may the user do what the plan does, would the
/// server accept the manifests, and do they find what they need.
///
/// Nothing is changed: manifests are sent as a dry run.
package struct ClusterPreflight: Sendable {
    package let context: String
    /// For any namespace: each question names its own.
    package let kubectl: Kubectl
    package let tasks: [PreflightTask]
    /// True if the plan itself builds the cluster, so that it need not answer yet.
    package let isRebuilt: Bool

    package init(context: String, kubectl: Kubectl, tasks: [PreflightTask], isRebuilt: Bool) {
        self.context = context
        self.kubectl = kubectl.impatient
        self.tasks = tasks
        self.isRebuilt = isRebuilt
    }

    private var steps: [String] { names(tasks) }

    private func names(_ tasks: [PreflightTask]) -> [String] {
        var seen: Set<String> = []
        return tasks.map(\.step).filter { seen.insert($0).inserted }
    }

    /// - Throws: `CancellationError`.
    package func run() async throws -> [ClusterFinding] {
        do {
            try await kubectl.run(["get", "--raw=/version", "--request-timeout=10s"], timeout: .seconds(10))
        } catch let error as KubernetesError where !error.isForbidden {
            let isLater = isRebuilt && error.isUnreachable
            return [
                ClusterFinding(
                    isLater ? .warning : .error, context: context, steps: steps,
                    isLater
                        ? "it does not answer yet, which is expected while it is rebuilt: \(error.detail)"
                        : "it cannot be used: \(error.detail)",
                    hint: error.hint)
            ]
        }
        var findings: [ClusterFinding] = []
        do {
            let namespaces = try await namespaces()
            findings += namespaces.values.compactMap(terminating).sorted { $0.message < $1.message }
            var read: [(task: PreflightTask, manifests: ManifestNeeds)] = []
            for task in tasks where task.manifests != nil {
                do {
                    guard let manifests = try await manifests(of: task) else { continue }
                    read.append((task, manifests))
                } catch let error as KubernetesError {
                    findings.append(
                        finding(.error, [task], message: "\(error.operation): \(error.detail)", hint: error.hint))
                }
            }
            let denials = try await access(namespaces, read)
            findings += denials
            findings += try await storageClasses(read)
            for (task, manifests) in read where !denials.contains(where: { $0.steps.contains(task.step) }) {
                findings += try await dryRun(task, manifests, namespaces: namespaces)
                findings += try await quota(task, manifests, namespaces: namespaces)
            }
            findings += try await previousReplicas()
            findings += try await missingWorkloads(made: read.flatMap(\.manifests.documents))
        } catch let error as KubernetesError {
            findings.append(
                ClusterFinding(
                    .error, context: context, steps: steps, "\(error.operation): \(error.detail)", hint: error.hint))
        }
        return findings
    }

    private func finding(
        _ severity: ClusterFinding.Severity, _ tasks: [PreflightTask], message: String, hint: String? = nil
    ) -> ClusterFinding {
        ClusterFinding(severity, context: context, steps: names(tasks), message, hint: hint)
    }

    private func manifests(of task: PreflightTask) async throws -> ManifestNeeds? {
        // An earlier step may restore the files.
        guard let path = task.manifests, (try? AppliedFiles(path)) != nil else { return nil }
        return ManifestNeeds(
            documents: try await ManifestReading(path: path, kubectl: kubectl).documents(), namespace: task.namespace)
    }

    // MARK: Namespaces

    /// A namespace as the user sees it.
    enum NamespaceState {
        case missing
        case present(JSONValue)
        /// The user may not read it.
        case unknown
    }

    private func namespaces() async throws -> [String: NamespaceState] {
        var states: [String: NamespaceState] = [:]
        for name in Set(tasks.compactMap(\.namespace) + tasks.compactMap(\.creates)) {
            do {
                states[name] = try await kubectl.object("namespace/\(name)").map { .present($0) } ?? .missing
            } catch let error as KubernetesError where error.isForbidden { states[name] = .unknown }
        }
        return states
    }

    private func terminating(_ state: NamespaceState) -> ClusterFinding? {
        guard case .present(let namespace) = state, namespace["status"]?["phase"]?.text == "Terminating",
            let name = namespace["metadata"]?["name"]?.text
        else { return nil }
        let using = tasks.filter { $0.namespace == name || $0.creates == name }
        let reason = DeletionReason.text(namespace).map { ": \($0)" } ?? ""
        return finding(
            .warning, using, message: "namespace '\(name)' is terminating\(reason)",
            hint: "the plan waits for its end; the controllers of the finalizers must remove them")
    }

    // MARK: Permissions

    private func access(
        _ namespaces: [String: NamespaceState], _ read: [(task: PreflightTask, manifests: ManifestNeeds)]
    ) async throws -> [ClusterFinding] {
        var needs: [(AccessNeed, PreflightTask)] = tasks.flatMap { task in task.needs.map { ($0, task) } }
        needs += read.flatMap { task, manifests in manifests.access.map { ($0, task) } }
        for task in tasks {
            guard let name = task.creates, case .missing? = namespaces[name] else { continue }
            needs += ["create", "patch"].map { (AccessNeed($0, "namespace", namespace: nil), task) }
        }
        var types = APIResources.common
        if needs.contains(where: { types[$0.0.type] == nil }) {
            // Custom resources. An aggregated API that does not answer must not hide the others.
            if let listing = try? await kubectl.run(["api-resources", "--no-headers"]) { types.add(listing: listing) }
        }
        var asking: [AccessReview.Question: [PreflightTask]] = [:]
        var order: [AccessReview.Question] = []
        let custom = Set(read.flatMap { $0.manifests.customKinds }.map { $0.lowercased() })
        var unknown: [String: [PreflightTask]] = [:]
        for (need, task) in needs {
            guard let resource = types[need.type] else {
                let kind = need.type.lowercased().prefix { $0 != "." }
                if !custom.contains(String(kind)) { unknown[need.type, default: []].append(task) }
                continue
            }
            let question = AccessReview.Question(
                verb: need.verb, resource: resource, subresource: need.subresource,
                namespace: resource.isNamespaced ? need.namespace ?? "" : "")
            if asking[question] == nil { order.append(question) }
            asking[question, default: []].append(task)
        }
        let denied = try await AccessReview(kubectl: kubectl).denied(order)
        return denied.map { question in
            let place = question.namespace.isEmpty ? "" : " --namespace=\(question.namespace)"
            return finding(
                .error, asking[question] ?? [], message: "the user may not \(question.words)",
                hint: "grant it; check it with: kubectl auth can-i \(question.verb) \(question.target)\(place)")
        }
            + unknown.sorted { $0.key < $1.key }.map { type, tasks in
                finding(
                    .error, tasks, message: "it has no type '\(type)'",
                    hint: "install its CustomResourceDefinition first")
            }
    }

    // MARK: Manifests

    private func dryRun(
        _ task: PreflightTask, _ manifests: ManifestNeeds, namespaces: [String: NamespaceState]
    ) async throws -> [ClusterFinding] {
        guard let path = task.manifests, let files = try? AppliedFiles(path) else { return [] }
        let place = task.namespace.map { kubectl.inNamespace($0) } ?? kubectl
        let forced = task.force ? ["--force-conflicts"] : []
        do {
            try await place.run(files.arguments + forced + ["--dry-run=server"])
            return []
        } catch let error as KubernetesError {
            // A dry run cannot build on objects that only the real run creates.
            let made = Set(tasks.compactMap(\.creates) + manifests.namespaces)
            let kinds = manifests.customKinds
            let lines = error.detail.split(separator: "; ").map(String.init).filter { line in
                !made.contains {
                    line.contains("namespaces \"\($0)\" not found") || line.contains("namespace \"\($0)\" not")
                }
                    && !kinds.contains { line.contains("no matches for kind \"\($0)\"") }
                    && !line.hasPrefix("ensure CRDs are installed first")
            }
            guard !lines.isEmpty else { return [] }
            return [
                finding(
                    .error, [task], message: "it would refuse '\(path)': \(lines.joined(separator: "; "))",
                    hint: error.hint)
            ]
        }
    }

    private func storageClasses(
        _ read: [(task: PreflightTask, manifests: ManifestNeeds)]
    ) async throws -> [ClusterFinding] {
        let wanted = read.map { ($0.task, $0.manifests.storageClasses) }.filter { !$0.1.isEmpty }
        guard !wanted.isEmpty else { return [] }
        let classes: [JSONValue]
        do { classes = try await kubectl.objects("storageclasses") } catch let error as KubernetesError
            where !error.isUnreachable
        { return [] }
        let names = Set(classes.compactMap { $0["metadata"]?["name"]?.text })
        let hasDefault = classes.contains {
            $0["metadata"]?["annotations"]?["storageclass.kubernetes.io/is-default-class"]?.text == "true"
        }
        return wanted.flatMap { task, classes in
            classes.sorted { ($0 ?? "") < ($1 ?? "") }.compactMap { name -> ClusterFinding? in
                guard let name else {
                    return hasDefault
                        ? nil
                        : finding(
                            .error, [task], message: "it has no default storage class for the claims of the manifests",
                            hint: "mark one as the default, or name one in the claims")
                }
                return names.contains(name)
                    ? nil
                    : finding(
                        .error, [task], message: "it has no storage class '\(name)', so the claims would stay Pending",
                        hint:
                            "create the class, or change the claims; it has: \(names.sorted().joined(separator: ", "))")
            }
        }
    }

    private func quota(
        _ task: PreflightTask, _ manifests: ManifestNeeds, namespaces: [String: NamespaceState]
    ) async throws -> [ClusterFinding] {
        guard let name = task.namespace, case .present? = namespaces[name] else { return [] }
        let place = kubectl.inNamespace(name)
        let quotas: [JSONValue]
        do { quotas = try await place.objects("resourcequotas") } catch let error as KubernetesError
            where !error.isUnreachable
        { return [] }
        guard !quotas.isEmpty, let path = task.manifests, let files = try? AppliedFiles(path) else { return [] }
        let flag = files.isKustomization ? "--kustomize" : "--filename"
        let present = (try? await place.run(["get", flag, path, "--ignore-not-found", "--output=name"])) ?? ""
        let existing = Set(present.split(separator: "\n").map { $0.split(separator: "/").last.map(String.init) ?? "" })
        let missing = manifests.documents.filter { !existing.contains($0["metadata"]?["name"]?.text ?? "") }
        return QuotaHeadroom(quotas: quotas, documents: missing).shortages.map { shortage in
            finding(
                .warning, [task], message: "namespace '\(name)': \(shortage)",
                hint: "raise the quota, or lower the requests of the manifests")
        }
    }

    // MARK: Workloads

    /// The workloads to scale that are neither in the cluster nor in the manifests.
    private func missingWorkloads(made documents: [JSONValue]) async throws -> [ClusterFinding] {
        // A step restores manifests that are not there yet: they may have the workload.
        guard tasks.compactMap(\.manifests).allSatisfy({ (try? AppliedFiles($0)) != nil }) else { return [] }
        let names = Set(documents.compactMap { $0["metadata"]?["name"]?.text })
        var findings: [ClusterFinding] = []
        var seen: Set<String> = []
        for task in tasks {
            guard let object = task.scales, !names.contains(object.name),
                seen.insert("\(task.namespace ?? "")/\(object)").inserted
            else { continue }
            let place = task.namespace.map { kubectl.inNamespace($0) } ?? kubectl
            do { guard try await place.object(object.description) == nil else { continue } } catch let error
                as KubernetesError where !error.isUnreachable
            { continue }
            findings.append(
                finding(
                    .warning, [task], message: "\(object) is neither in the cluster nor in the manifests of the plan",
                    hint: "is its name right? the plan fails unless another step creates it"))
        }
        return findings
    }

    /// A workload without replicas whose previous number dr does not know.
    private func previousReplicas() async throws -> [ClusterFinding] {
        var findings: [ClusterFinding] = []
        var seen: Set<String> = []
        for task in tasks {
            guard let object = task.scalesBack, seen.insert("\(task.namespace ?? "")/\(object)").inserted else {
                continue
            }
            let place = task.namespace.map { kubectl.inNamespace($0) } ?? kubectl
            let found: JSONValue?
            do { found = try await place.object(object.description) } catch let error as KubernetesError
                where !error.isUnreachable
            { continue }
            guard let found, found["spec"]?["replicas"]?.integer == 0,
                found["metadata"]?["annotations"]?[KubernetesScale.annotation] == nil
            else { continue }
            findings.append(
                finding(
                    .warning, [task], message: "\(object) has 0 replicas, and its previous number is not recorded",
                    hint: "scale it to the number that it should have, or set `replicas` to a number in the plan"))
        }
        return findings
    }
}
