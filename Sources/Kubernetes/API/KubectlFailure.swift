/// Converts a failure of kubectl to an ``KubernetesError``.
package enum KubectlFailure {
    /// - Parameters:
    ///   - context: the context that dr names; nil for the kubeconfig's own.
    ///   - errors: the end of kubectl's standard error.
    package static func error(
        _ operation: String, context: String? = nil, status: CInt, errors: String
    ) -> KubernetesError {
        let lines = errors.split(whereSeparator: \.isNewline)
            .filter { !$0.hasPrefix("Warning:") && !isLogLine($0) }
            .prefix { !$0.hasPrefix("Please review the fields above") }  // a page about conflicts in general
        let text = lines.suffix(6).joined(separator: "; ")
        let detail = text.isEmpty ? "exit code \(status)" : text.trimmingPrefix("error: ")
        let sign = signs.first { text.contains($0.words) }
        var hint = sign?.hint
        if let context, hint == rightCluster {
            hint = "is the cluster of the context '\(context)' running, and its address in the kubeconfig right?"
        }
        var error = KubernetesError(sign?.reason ?? .failed, operation: operation, String(detail), hint: hint)
        error.isUnreachable = sign?.reason != .hopeless && isUnreachable(text)
        return error
    }

    /// A line of kubectl's own log: `E1128 12:00:01.123456    4242 memcache.go:381] …`.
    private static func isLogLine(_ line: Substring) -> Bool {
        line.prefixMatch(of: /[IWEF]\d{4} \d\d:\d\d:\d\d/) != nil
    }

    /// The API server, or the way to it, does not work at present.
    private static func isUnreachable(_ text: String) -> Bool {
        guard !text.contains("failed calling webhook") else { return false }
        return [
            "was refused", "connection refused", "no such host", "i/o timeout", "TLS handshake timeout",
            "connection reset by peer", "no route to host", "network is unreachable", "(ServiceUnavailable)",
            "unable to handle the request", "etcdserver: ", "apiserver not ready", "client connection lost",
            "Client.Timeout exceeded", "context deadline exceeded", "unexpected EOF", ": EOF", "(Timeout)",
            "InternalError): an error on the server", "server misbehaving",
        ].contains { text.contains($0) }
    }

    private static let rightCluster = "is this the right cluster? name it with `context`"

    /// Error messages of kubectl 1.31 to 1.37.
    private static let signs: [(words: String, reason: KubernetesError.Reason, hint: String?)] = [
        ("exceeded quota", .failed, "raise the quota of the namespace, or lower the requests"),
        ("violates PodSecurity", .hopeless, "change the pod's security settings, or the label of the namespace"),
        ("because it is being terminated", .failed, "wait until the namespace is gone: kubectl: {create_namespace: …}"),
        (
            "(Forbidden)", .hopeless,
            "the user of this context lacks the permission; check it with `kubectl auth can-i` and grant it"
        ),
        ("(Unauthorized)", .hopeless, "the credentials of this context are not valid; log in again"),
        ("Unauthorized", .hopeless, "the credentials of this context are not valid; log in again"),
        (
            "conflict", .hopeless,
            "another manager owns these fields; remove them from the files, or take them over with `force: true`"
        ),
        ("context \"", .hopeless, "see `kubectl config get-contexts`, and KUBECONFIG"),
        ("context was not found", .hopeless, "see `kubectl config get-contexts`, and KUBECONFIG"),
        ("was refused", .failed, rightCluster),
        ("connection refused", .failed, rightCluster),
        ("no such host", .failed, rightCluster),
        ("i/o timeout", .failed, "the API server does not answer"),
        (
            "no matches for kind", .failed,
            "the resource definition does not exist yet: apply it first, or add a retry to the step"
        ),
        ("namespaces \"", .failed, "create the namespace first: kubectl: {create_namespace: …}"),
        ("doesn't have a resource type", .hopeless, "list the types with `kubectl api-resources`"),
        ("no objects passed to scale", .failed, "there is no such workload: apply it first"),
    ]
}
