internal import Foundation
internal import Synchronization

/// Tokens that expire, as those of a cloud's identity provider: the API server accepts only the present one over TLS, and
/// kubectl gets it from a credential plugin.
package final class ExpiringTokens: Sendable {
    private let front: TLSFront
    private let file: URL
    private let state = Mutex((accepted: "first", refusals: 0))

    /// Requires tokens of kubectl, which uses the cluster's kubeconfig. Other clients need none.
    package init(of cluster: LaboratoryCluster) async throws {
        let folder = cluster.folder.url.appending(path: "tokens")
        front = try await TLSFront(to: cluster.standIn.server.port, folder: folder)
        file = folder.appending(path: "token")
        let plugin = folder.appending(path: "plugin.sh")
        let answer =
            #"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}"#
        try Data("printf '\(answer)' \"$(cat '\(file.path)')\"\n".utf8).write(to: plugin)
        try Data("first".utf8).write(to: file)
        let user =
            "{exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: ['\(plugin.path)'], "
            + "interactiveMode: Never}}"
        let server = "{server: \"https://127.0.0.1:\(front.port)\", insecure-skip-tls-verify: true}"
        let text = """
            apiVersion: v1
            kind: Config
            clusters: [{name: lab, cluster: \(server)}]
            users: [{name: operator, user: \(user)}]
            contexts: [{name: lab, context: {cluster: lab, user: operator}}]

            """
        try Data(text.utf8).write(to: URL(filePath: cluster.kubeconfig))
        cluster.standIn.server.fail { [weak self] request in
            guard let self, request.headers["user-agent"]?.hasPrefix("kubectl") == true else { return nil }
            return state.withLock { state in
                guard request.headers["authorization"] != "Bearer \(state.accepted)" else { return nil }
                state.refusals += 1
                return .kubernetes(401, "Unauthorized", "Unauthorized")
            }
        }
    }

    /// The number of requests with another token.
    package var refusals: Int { state.withLock { $0.refusals } }

    /// Lets the present token expire. The plugin does not have the next one before ``renew()``.
    package func expire() { state.withLock { $0.accepted = "second" } }

    /// Gives the plugin the token that the server accepts.
    package func renew() throws { try Data(state.withLock { $0.accepted }.utf8).write(to: file) }
}
