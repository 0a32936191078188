internal import Documents
internal import FoundationEssentials

/// A server-side apply of files.
package struct KubernetesApply: Sendable {
    /// The absolute path of a file, a folder of files, or a kustomization folder.
    package let path: String
    /// True to take over fields that other managers own.
    package let force: Bool
    /// The workloads that are created with 0 replicas.
    package let hold: [KubernetesObject]
    package let kubectl: Kubectl
    /// The drill's namespace, to which everything is confined; nil for the stack itself.
    package var confinedTo: String?

    package init(path: String, force: Bool, hold: [KubernetesObject] = [], kubectl: Kubectl) {
        self.path = path
        self.force = force
        self.hold = hold
        self.kubectl = kubectl
    }

    package func apply() async throws -> String {
        let files = try AppliedFiles(path)
        let forced = force ? ["--force-conflicts"] : []
        let output: String
        if let confinedTo {
            return try await applyConfined(to: confinedTo, files, forced)
        } else if hold.isEmpty {
            output = try await kubectl.run(files.arguments + forced)
        } else {
            output = try await kubectl.run(
                ["apply", "--server-side", "--field-manager=dr", "--filename", "-"] + forced,
                input: [UInt8](try await heldManifests(files).utf8))
        }
        let objects = output.split(separator: "\n").filter { $0.hasSuffix(" serverside-applied") }.count
        guard objects > 0 else {
            throw KubernetesError(.failed, operation: "kubectl apply '\(path)'", "kubectl reported no applied objects")
        }
        return "applied \(objects) object\(objects == 1 ? "" : "s") of '\(path)'"
    }

    // MARK: Drills

    private func applyConfined(
        to namespace: String, _ files: AppliedFiles, _ forced: [String]
    ) async throws -> String {
        let documents =
            hold.isEmpty
            ? try await ManifestReading(path: path, kubectl: kubectl).documents()
            : JSONValue.documents(ofYAML: try await heldManifests(files)) ?? []
        let isolated = IsolatedManifests(documents, in: namespace, clusterKinds: try await kubectl.clusterKinds())
        guard !isolated.objects.isEmpty else {
            throw KubernetesError(
                .hopeless, operation: "kubectl apply '\(path)'", "no object of these files may be drilled")
        }
        // kubectl reads objects one after another.
        let manifests = isolated.objects.map(\.compact).joined(separator: [UInt8(ascii: "\n")])
        try await kubectl.run(
            ["apply", "--server-side", "--field-manager=dr", "--filename", "-"] + forced, input: Array(manifests))
        let count = isolated.objects.count
        let out = isolated.leftOut.isEmpty ? "" : ", without \(isolated.leftOut.joined(separator: ", "))"
        return "applied \(count) object\(count == 1 ? "" : "s") of '\(path)'\(out)"
    }

    // MARK: Workloads on hold

    /// Returns the manifests with the replicas of the held workloads: 0 for a new one, its own for one that exists.
    private func heldManifests(_ files: AppliedFiles) async throws -> String {
        let documents = try await ManifestReading(path: path, kubectl: kubectl).documents()
        var patches: [JSONValue] = []
        for object in hold {
            let found = documents.filter { Self.isMeant($0, by: object) }
            // A plan for several stacks names workloads that this one may lack.
            if found.isEmpty { continue }
            guard found.count == 1, let document = found.first, let kind = document["kind"] else {
                throw KubernetesError(
                    .hopeless, operation: "kubectl apply '\(path)'",
                    "'hold' names \(object), which occurs \(found.count) times in these files")
            }
            let live = try await kubectl.object(object.description)
            let annotation =
                live == nil
                ? JSONValue.string("\(document["spec"]?["replicas"]?.integer ?? 1)")
                : live?["metadata"]?["annotations"]?[KubernetesScale.annotation]
            let replicas = live.map { $0["spec"]?["replicas"]?.integer ?? 1 } ?? 0
            var metadata: JSONValue = ["name": .string(object.name)]
            if let annotation { metadata["annotations"] = [KubernetesScale.annotation: annotation] }
            let patch: JSONValue = [
                "apiVersion": document["apiVersion"] ?? "apps/v1", "kind": kind, "metadata": metadata,
                "spec": ["replicas": JSONValue(replicas)],
            ]
            patches.append([
                "target": ["kind": kind, "name": .string(object.name)],
                "patch": .string(String(decoding: patch.compact, as: UTF8.self)),
            ])
        }
        return try await ManifestReading(path: path, kubectl: kubectl).rendered(patches: patches)
    }

    /// True if a manifest is the object that a plan names, by a type such as `statefulset`, `sts` or `statefulsets.apps`.
    static func isMeant(_ manifest: JSONValue, by object: KubernetesObject) -> Bool {
        guard manifest["metadata"]?["name"]?.text == object.name, let kind = manifest["kind"]?.text?.lowercased() else {
            return false
        }
        let type = object.type.prefix { $0 != "." }
        let short = ["sts": "statefulset", "deploy": "deployment", "ds": "daemonset", "rs": "replicaset"]
        return [kind, kind + "s", kind + "es"].contains(short[String(type)] ?? String(type))
    }
}
