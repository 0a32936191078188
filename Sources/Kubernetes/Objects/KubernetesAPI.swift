package import Documents
internal import Platform

/// The API of a cluster, read by its paths and changed by server-side apply, through kubectl. All calls block.
package struct KubernetesAPI: Sendable {
    /// The field manager of dr's changes.
    package static let manager = "dr"

    private let kubectl: Kubectl
    /// The time for which an API server may be away: an upgrade of a control plane with one server takes that long.
    private let patience: Duration

    /// - Parameter kubectl: for one context, without a namespace: the objects name theirs.
    package init(_ kubectl: Kubectl, patience: Duration = .seconds(60)) {
        self.kubectl = kubectl
        self.patience = patience
    }

    /// Bytes of one response. Objects have at most about 1.5 MB.
    private static let longest = 256 << 20

    // MARK: Reading

    /// Reads a path.
    /// - Returns: nil if there is nothing at this path.
    /// - Throws: ``KubernetesError``, `CancellationError`.
    package func document(at path: String) throws -> JSONValue? {
        do {
            return try parsed(try output(["get", "--raw", path, "--request-timeout=60s"], for: "read \(path)"), path)
        } catch let error as KubernetesError where error.means("NotFound") { return nil }
    }

    /// Reads an object.
    /// - Parameter namespace: nil for a type without namespaces.
    /// - Returns: nil if there is no such object.
    package func object(_ resource: APIResource, _ name: String, in namespace: String?) throws -> JSONValue? {
        try document(at: resource.path(in: namespace, name: name))
    }

    /// Lists the objects of one type, page by page, so that memory holds one page only.
    /// - Parameters:
    ///   - namespace: nil for all namespaces, or for a type without namespaces.
    ///   - pageSize: the number of objects in a page.
    ///   - each: called for each object. The server omits `kind` and `apiVersion` of built-in types: they are added.
    package func list(
        _ resource: APIResource, in namespace: String?, pageSize: Int = 50, each: (JSONValue) throws -> Void
    ) throws {
        let path = resource.path(in: namespace)
        var next: String?
        repeat {
            try Task.checkCancellation()
            let query = "?limit=\(pageSize)" + (next.map { "&continue=\(APIResource.encoded($0))" } ?? "")
            guard let page = try document(at: path + query) else {
                throw KubernetesError(.failed, operation: "list \(resource.name)", "the API server does not serve it")
            }
            guard let items = page["items"]?.array else {
                throw KubernetesError(.failed, operation: "list \(resource.name)", "the response is not a list")
            }
            for item in items where item.object != nil {
                try each(
                    item.adding(["kind": .string(resource.kind), "apiVersion": .string(resource.apiVersion)]))
            }
            let token = page["metadata"]?["continue"]?.text ?? ""
            // A server that repeats its token would be listed for ever.
            guard token != next else { break }
            next = token.isEmpty ? nil : token
        } while next != nil
    }

    // MARK: Changing

    /// Applies one object on the server.
    /// - Parameters:
    ///   - forces: take over fields that other managers own.
    ///   - isDryRun: let the server compute the result, and store nothing.
    /// - Returns: the object as the server stores it.
    /// - Throws: ``KubernetesError``: ``KubernetesError/isConflict`` if other managers own changed fields.
    package func apply(_ object: JSONValue, forces: Bool, isDryRun: Bool = false) throws -> JSONValue {
        let operation = "apply \(object["kind"]?.text ?? "object") '\(object["metadata"]?["name"]?.text ?? "")'"
        // Without validation the server drops unknown fields, which the caller sees in the result. Validation would
        // download the schemas of all types for each object.
        let arguments =
            [
                "apply", "--server-side", "--field-manager=\(Self.manager)", "--validate=false", "--filename=-",
                "--output=json", "--request-timeout=60s",
            ] + (forces ? ["--force-conflicts"] : []) + (isDryRun ? ["--dry-run=server"] : [])
        return try parsed(try output(arguments, input: object.compact, for: operation), operation)
    }

    /// Changes an object by a JSON patch (RFC 6902).
    /// - Returns: the object as the server stores it.
    package func patch(
        _ resource: APIResource, _ name: String, in namespace: String?, with operations: [JSONValue],
        isDryRun: Bool = false
    ) throws -> JSONValue {
        let type = resource.group.isEmpty ? resource.plural : "\(resource.plural).\(resource.version).\(resource.group)"
        let arguments =
            (namespace.map { ["--namespace=\($0)"] } ?? []) + [
                "patch", "--type=json", "--field-manager=\(Self.manager)", "--patch-file=/dev/stdin",
                "--output=json", "--request-timeout=60s",
            ] + (isDryRun ? ["--dry-run=server"] : []) + ["--", type, name]
        let operation = "patch \(resource.name) '\(name)'"
        return try parsed(
            try output(arguments, input: JSONValue.array(operations).compact, for: operation), operation)
    }

    // MARK: Running

    private func parsed(_ bytes: [UInt8], _ operation: String) throws -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw KubernetesError(.failed, operation: operation, "the response is \(error)")
        }
    }

    /// Runs kubectl, again and again while the API server is away.
    private func output(_ arguments: [String], input: [UInt8]? = nil, for operation: String) throws -> [UInt8] {
        let deadline = ContinuousClock.now + patience
        var pause = Duration.milliseconds(250)
        while true {
            do {
                return try outputOnce(arguments, input, operation)
            } catch let error as KubernetesError where error.isConnectionFailure {
                guard .now + pause < deadline else { throw error }
                try sleepUnlessCancelled(pause)
                pause = min(pause * 2, .seconds(5))
            }
        }
    }

    private func outputOnce(_ arguments: [String], _ input: [UInt8]?, _ operation: String) throws -> [UInt8] {
        var program = kubectl.command(arguments).program
        program.timeout = .seconds(120)
        if let input { program.input = .bytes(input) }
        var bytes: [UInt8] = []
        let end: ProgramEnd
        do {
            end = try program.run { piece in
                guard bytes.count + piece.count <= Self.longest else {
                    throw KubernetesError(
                        .failed, operation: operation, "the response is longer than \(Self.longest) bytes")
                }
                bytes += piece
            }
        } catch let error as ProgramError {
            let isMissing = error.reason == .missing
            throw KubernetesError(
                isMissing ? .hopeless : .failed, operation: operation, error.detail,
                hint: isMissing ? "install kubectl on this machine" : nil)
        }
        guard end.status == 0 else {
            throw KubectlFailure.error(operation, status: end.status, errors: end.errors)
        }
        return bytes
    }
}

extension KubernetesError {
    /// True if the API server gave this reason: "NotFound", "Forbidden".
    package func means(_ reason: String) -> Bool { detail.contains("(\(reason))") }

    /// True if another manager owns a field that an apply would change.
    package var isConflict: Bool { detail.contains("Apply failed with") || means("Conflict") }

    /// True if no API server answered, so that a later attempt may succeed.
    package var isConnectionFailure: Bool {
        let words = [
            "was refused", "connection refused", "i/o timeout", "TLS handshake timeout", "connection reset",
            "unexpected EOF", ": EOF", "no route to host", "context deadline exceeded", "etcdserver:",
            "Client.Timeout exceeded", "network is unreachable",
        ]
        return words.contains(where: detail.contains)
    }
}
