internal import Documents

/// The controllers that manage a workload, found by owner references, GitOps labels and autoscalers.
struct WorkloadManagers {
    let kubectl: Kubectl

    /// The annotation of a paused controller: the merge patch that resumes it.
    static let resumption = "dr/resume"
    /// The annotation of a workload: the controllers that dr pauses for it.
    static let paused = "dr/paused"

    // MARK: Finding

    /// Returns the controllers of a workload, the outermost first: GitOps sets an operator's object back.
    func managers(of workload: JSONValue) async throws -> [(manager: WorkloadManager, object: JSONValue)] {
        var chain = try await owners(of: workload)
        chain += try await autoscalers(of: workload)
        var outer: [(WorkloadManager, JSONValue)] = []
        for object in [workload] + chain.map(\.object) {
            for manager in WorkloadManager.gitOps(of: object) {
                guard let found = try await find(manager), !outer.contains(where: { $0.0 == found.manager }) else {
                    continue
                }
                outer.append(found)
            }
        }
        return outer + chain.reversed()
    }

    private func owners(of workload: JSONValue) async throws -> [(manager: WorkloadManager, object: JSONValue)] {
        var chain: [(manager: WorkloadManager, object: JSONValue)] = []
        var current = workload
        while chain.count < 4 {
            let references = current["metadata"]?["ownerReferences"]?.array ?? []
            guard let reference = references.first(where: { $0["controller"]?.bool == true }),
                let manager = WorkloadManager(owner: reference), let found = try await find(manager)
            else { break }
            chain.append(found)
            current = found.object
        }
        return chain
    }

    private func autoscalers(of workload: JSONValue) async throws -> [(manager: WorkloadManager, object: JSONValue)] {
        let all = try await known { try await kubectl.objects("horizontalpodautoscalers") } ?? []
        var found: [(manager: WorkloadManager, object: JSONValue)] = []
        for autoscaler in all {
            let target = autoscaler["spec"]?["scaleTargetRef"]
            guard target?["kind"] == workload["kind"], target?["name"] == workload["metadata"]?["name"],
                let name = autoscaler["metadata"]?["name"]?.text
            else { continue }
            found.append(
                (
                    WorkloadManager(
                        kind: .horizontalPodAutoscaler, apiKind: "HorizontalPodAutoscaler",
                        type: "horizontalpodautoscalers.autoscaling", name: name, namespace: nil), autoscaler
                ))
            let owner = (autoscaler["metadata"]?["ownerReferences"]?.array ?? []).first {
                $0["kind"]?.text == "ScaledObject"
            }
            guard let owner = owner?["name"]?.text, owner.isKubernetesName else { continue }
            let keda = WorkloadManager(
                kind: .kedaScaledObject, apiKind: "ScaledObject", type: "scaledobject.keda.sh", name: owner,
                namespace: nil)
            if let object = try await find(keda) { found.append(object) }
        }
        return found
    }

    /// Reads the object of a controller.
    /// - Returns: nil if it does not exist or the user may not read it.
    private func find(_ manager: WorkloadManager) async throws -> (manager: WorkloadManager, object: JSONValue)? {
        if manager.kind == .argoCD, manager.namespace == nil {
            // Labels do not tell the namespace of the application.
            let all = try await known { try await kubectl.objects(manager.type, ["--all-namespaces"]) } ?? []
            let same = all.filter { $0["metadata"]?["name"]?.text == manager.name }
            guard same.count == 1, let object = same.first else { return nil }
            return (.argoCD(manager.name, namespace: object["metadata"]?["namespace"]?.text), object)
        }
        let object = try await known { try await kubectl(of: manager).object("\(manager.type)/\(manager.name)") }
        return object.flatMap { $0 }.map { (manager, $0) }
    }

    private func known<Value>(_ read: () async throws -> Value) async throws -> Value? {
        do { return try await read() } catch let error as KubernetesError where !error.isUnreachable { return nil }
    }

    private func kubectl(of manager: WorkloadManager) -> Kubectl {
        manager.namespace.map { kubectl.inNamespace($0) } ?? kubectl
    }

    // MARK: Pausing

    /// Pauses the controllers of a workload.
    /// - Parameter note: receives each pause before it happens.
    /// - Returns: the paused controllers, in words.
    func pause(
        _ workload: JSONValue, _ object: KubernetesObject, note: (String) throws -> Void
    ) async throws -> [String] {
        let pausable = try await managers(of: workload).compactMap { manager, found in
            manager.pause(found).map { (manager: manager, object: found, patch: $0) }
        }
        guard !pausable.isEmpty else { return [] }
        // The list is on the workload before the first controller is paused, so that a crash in between loses nothing.
        let references = Set(
            pausable.map(\.manager.reference) + Self.references(of: workload).map(\.reference)
        ).sorted().joined(separator: ",")
        try await kubectl.run(["annotate", object.description, "\(Self.paused)=\(references)", "--overwrite"])
        for (manager, found, patch) in pausable {
            // Already paused by an earlier attempt: its annotation has the state before.
            guard found["metadata"]?["annotations"]?[Self.resumption] == nil else { continue }
            let undo = WorkloadManager.inverse(of: patch, on: found)
            guard undo != patch else { continue }
            try note("pausing \(manager.description); undo: \(String(decoding: undo.compact, as: UTF8.self))")
            let text = String(decoding: undo.compact, as: UTF8.self)
            do {
                try await change(manager, Self.annotating(patch, Self.resumption, value: .string(text)))
            } catch let error as KubernetesError where error.isForbidden {
                // Not each controller sets the workload back. If this one does, the error about it names it.
                try note("not paused: \(manager.description): \(error.detail)")
            }
        }
        return pausable.map(\.manager.description)
    }

    /// Resumes the controllers that dr paused for a workload.
    /// - Returns: the resumed controllers, in words.
    func resume(_ workload: JSONValue, _ object: KubernetesObject) async throws -> [String] {
        let named = Self.references(of: workload)
        guard !named.isEmpty else { return [] }
        var resumed: [String] = []
        // GitOps last: it would set the others back.
        for manager in named.sorted(by: { !$0.isGitOps && $1.isGitOps }) {
            guard let found = try await kubectl(of: manager).object("\(manager.type)/\(manager.name)"),
                let text = found["metadata"]?["annotations"]?[Self.resumption]?.text
            else { continue }
            guard let undo = try? JSONValue(parsing: [UInt8](text.utf8)), manager.accepts(undo) else {
                throw KubernetesError(
                    .failed, operation: "resume \(manager.description)",
                    "its annotation \(Self.resumption) is not a valid patch", hint: "resume it by hand")
            }
            try await change(manager, Self.annotating(undo, Self.resumption, value: nil))
            resumed.append(manager.description)
        }
        try await kubectl.run(["annotate", object.description, "\(Self.paused)-"])
        return resumed
    }

    private func change(_ manager: WorkloadManager, _ patch: JSONValue) async throws {
        try await kubectl(of: manager).run([
            "patch", "\(manager.type)/\(manager.name)", "--type=merge",
            "--patch=\(String(decoding: patch.compact, as: UTF8.self))",
        ])
    }

    /// Adds an annotation to a merge patch.
    private static func annotating(_ patch: JSONValue, _ name: String, value: JSONValue?) -> JSONValue {
        let annotations = patch["metadata"]?["annotations"]?.object ?? [:]
        return patch.adding([
            "metadata": ["annotations": .object(annotations.merging([name: value ?? .null]) { $1 })]
        ])
    }

    /// The controllers in a workload's annotation.
    private static func references(of workload: JSONValue) -> [WorkloadManager] {
        let text = workload["metadata"]?["annotations"]?[paused]?.text ?? ""
        return text.split(separator: ",").compactMap { WorkloadManager(reference: $0) }
    }
}

extension WorkloadManager {
    var isGitOps: Bool { [.argoCD, .fluxKustomization, .fluxHelmRelease].contains(kind) }

    /// Parses a ``reference``; nil if it has another form. The text comes from the cluster.
    init?(reference: Substring) {
        let parts = reference.split(separator: "/" as Character, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0].isKubernetesName, parts[2].isKubernetesName,
            parts[1].isEmpty || parts[1].isKubernetesName
        else { return nil }
        let group = parts[0].split(separator: ".", maxSplits: 1).last.map(String.init) ?? ""
        let kinds: [String: Kind] = [
            "application.argoproj.io": .argoCD, "scaledobject.keda.sh": .kedaScaledObject,
            "kustomization.kustomize.toolkit.fluxcd.io": .fluxKustomization,
            "helmrelease.helm.toolkit.fluxcd.io": .fluxHelmRelease,
        ]
        let known = kinds[parts[0]] ?? (group == "monitoring.coreos.com" ? .prometheusOperator : .unknown)
        let apiKind = parts[0].prefix { $0 != "." }
        self.init(
            kind: known, apiKind: apiKind.prefix(1).uppercased() + apiKind.dropFirst(), type: parts[0], name: parts[2],
            namespace: parts[1].isEmpty ? nil : parts[1])
    }
}
