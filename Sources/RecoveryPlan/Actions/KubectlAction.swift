package import Documents

/// Drives kubectl: one verb and what it is about.
///
/// ```yaml
/// kubectl: {create_namespace: monitoring, context: production}
/// kubectl: {apply: config/monitoring, namespace: monitoring}
/// kubectl: {scale: statefulset/prometheus, replicas: 0, namespace: monitoring}
/// kubectl: {scale: statefulset/prometheus, replicas: previous, namespace: monitoring}
/// kubectl: {rollout: statefulset/prometheus, within: 10m}
/// kubectl: {wait: pod, selector: app=loki, for: condition=Ready}
/// kubectl: {delete: deployment/broken}
/// ```
package struct KubectlAction: Action {
    package static let keyword = "kubectl"
    package static let isCondition = true

    package enum Verb: Equatable, Sendable {
        /// A file, a folder of files, or one with a kustomization; absolute.
        case apply(String)
        case createNamespace(String)
        case scale(KubernetesObject, Replicas)
        case rollout(KubernetesObject)
        /// - Parameter what: `TYPE/NAME`, or a type with a selector.
        case wait(_ what: String, selector: String?, condition: String)
        case delete(KubernetesObject)
    }

    package enum Replicas: Equatable, Sendable {
        case count(Int)
        /// As many as there were before they were scaled to none.
        case previous
    }

    package var verb = Verb.apply("/")
    package var namespace: String?
    /// Of the kubeconfig; the current one where left out.
    package var context: String?
    /// Take fields over that others have set: what the backup says counts.
    package var force = true
    /// For the cluster to become what it should be.
    package var within = Period.minutes(5)

    package init() {}

    package var changesNothing: Bool {
        switch verb {
        case .rollout, .wait: true
        case .apply, .createNamespace, .scale, .delete: false
        }
    }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        // A rehearsal comes before the step that brings the files back.
        if case .apply(let path) = verb, (try? AppliedFiles(path)) == nil {
            return ActionPreview(["kubectl apply '\(path)', which is not there yet"])
        }
        return ActionPreview(try commands(Kubectl(self, context)).map(\.commandLine))
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        let kubectl = Kubectl(self, context)
        switch verb {
        case .apply(let path):
            let output = try await kubectl.run(try AppliedFiles(path).arguments + forced)
            let objects = output.split(separator: "\n").filter { $0.hasSuffix(" serverside-applied") }.count
            guard objects > 0 else {
                throw ActionError(.failed, "kubectl apply '\(path)'", "it says nothing of any object")
            }
            return ActionRecord("applied \(objects) object\(objects == 1 ? "" : "s") of '\(path)'")
        case .createNamespace(let name):
            return try await KubernetesNamespace(name: name, within: within, kubectl: kubectl).make()
        case .scale(let object, let replicas):
            return try await KubernetesScale(object: object, within: within, kubectl: kubectl).set(replicas)
        case .rollout(let object):
            return try await KubernetesRollout(object: object, within: within, kubectl: kubectl).await()
        case .wait(let what, let selector, let condition):
            return try await KubernetesWait(
                what: what, selector: selector, condition: condition, within: within, kubectl: kubectl
            ).await()
        case .delete(let object):
            let output = try await kubectl.run(deletion(of: object), timeout: within)
            return ActionRecord(output.isEmpty ? "\(object) was not there" : "deleted \(object)")
        }
    }

    private var forced: [String] { force ? ["--force-conflicts"] : [] }

    private func deletion(of object: KubernetesObject) -> [String] {
        ["delete", object.description, "--ignore-not-found", "--wait=true", "--timeout=\(within.kubectl)"]
    }

    /// What is run where nothing is in the way.
    private func commands(_ kubectl: Kubectl) throws -> [KubectlCommand] {
        switch verb {
        case .apply(let path): [kubectl.command(try AppliedFiles(path).arguments + forced)]
        case .createNamespace(let name): [kubectl.command(KubernetesNamespace.arguments, input: "namespace \(name)")]
        case .scale(let object, .count(let count)):
            [kubectl.command(KubernetesScale.arguments(object, count))]
        case .scale(let object, .previous):
            [kubectl.command(["scale", object.description, "--replicas=AS-BEFORE"])]
        case .rollout(let object): [kubectl.command(KubernetesRollout.arguments(object, within))]
        case .wait(let what, let selector, let condition):
            [kubectl.command(KubernetesWait.arguments(what, selector, condition, within))]
        case .delete(let object): [kubectl.command(deletion(of: object))]
        }
    }
}

/// An object by its type and name: `statefulset/prometheus`.
package struct KubernetesObject: Equatable, Sendable, CustomStringConvertible {
    package var type: String
    package var name: String

    package var description: String { "\(type)/\(name)" }

    /// Nil where the text is no `TYPE/NAME`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ $0.isKubernetesName }) else { return nil }
        (type, name) = (parts[0], parts[1])
    }
}

extension String {
    /// RFC 1123 names joined by dots; none can be taken for an option.
    var isKubernetesName: Bool {
        !isEmpty && first != "-" && first != "."
            && utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
                    || byte == UInt8(ascii: ".")
            }
    }
}

extension Period {
    /// As kubectl takes it: "300s".
    var kubectl: String { "\(duration.components.seconds)s" }
}
