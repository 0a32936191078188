package import Documents
package import Platform

/// The kubectl program of this machine, for one namespace of one cluster.
package struct Kubectl: Sendable {
    private var selection: [String]
    private let environment: [String: String]
    private let folder: String
    private let pool: BlockingPool
    /// The time in which requests are repeated while the API server does not answer; nil to fail at once.
    package var patience: ConnectionPatience?

    /// - Parameters:
    ///   - context: the context in the kubeconfig; nil or empty for the current one, or for the cluster that dr runs in.
    ///   - namespace: the namespace of the objects; nil for the context's.
    ///   - environment: of this process or of the run; kubectl inherits only ``InheritedEnvironment``.
    ///   - folder: the working directory, for relative paths.
    package init(
        context: String?, namespace: String?, environment: [String: String], folder: String, pool: BlockingPool
    ) {
        selection =
            (context.flatMap { $0.isEmpty ? nil : ["--context=\($0)"] } ?? [])
            + (namespace.map { ["--namespace=\($0)"] } ?? [])
        self.environment = InheritedEnvironment.selected(from: environment)
        self.folder = folder
        self.pool = pool
    }

    /// The same cluster, for another namespace.
    package func inNamespace(_ namespace: String) -> Kubectl {
        var copy = self
        copy.selection = selection.filter { !$0.hasPrefix("--namespace=") } + ["--namespace=\(namespace)"]
        return copy
    }

    /// The context that commands name; nil for the current one.
    package var context: String? { selected("--context=") }

    /// The namespace that commands name; nil for the context's.
    package var namespace: String? { selected("--namespace=") }

    private func selected(_ option: String) -> String? {
        selection.first { $0.hasPrefix(option) }.map { String($0.dropFirst(option.count)) }
    }

    /// The context and the namespace, for names of remembered values: "production/monitoring/".
    var place: String {
        selection.map { "\($0.drop { $0 != "=" }.dropFirst())/" }.joined()
    }

    package func command(_ arguments: [String], input: String? = nil) -> KubectlCommand {
        var words = selection + arguments
        // With a time-out, kubectl (1.37 and earlier) does not look for the cluster of its pod, and tries localhost:8080.
        if isInPod { words.removeAll { $0.hasPrefix("--request-timeout=") } }
        return KubectlCommand(Program("kubectl", words, environment: environment, folder: folder), input)
    }

    /// True if kubectl uses the service account of the pod that dr runs in.
    private var isInPod: Bool {
        environment["KUBERNETES_SERVICE_HOST"] != nil && (environment["KUBECONFIG"] ?? "").isEmpty
            && !selection.contains { $0.hasPrefix("--context=") }
    }

    /// The same cluster, without waiting for an API server that does not answer.
    package var impatient: Kubectl {
        var copy = self
        copy.patience = nil
        return copy
    }

    /// A command that lasts as long as its caller needs it, such as `exec` or `port-forward`.
    package func stream(_ arguments: [String]) -> Program {
        var program = command(arguments).program
        program.timeout = .seconds(30 * 86_400)
        program.isStream = true
        return program
    }

    /// Runs a command to its end. While the API server does not answer, the command is repeated as ``patience`` allows.
    /// - Parameters:
    ///   - timeout: the time limit for the cluster; nil for a plain request, which has 30 s.
    ///   - limit: the bytes of standard output to keep.
    /// - Returns: the end of the standard output.
    /// - Throws: ``KubernetesError`` if it fails; `CancellationError`.
    @discardableResult
    package func run(
        _ arguments: [String], input: [UInt8]? = nil, timeout: Period? = nil, limit: Int = 1 << 20
    ) async throws -> String {
        var isTold = false
        while true {
            do {
                return try await attempt(arguments, input: input, timeout: timeout, limit: limit)
            } catch let error as KubernetesError where error.isUnreachable {
                guard let patience, patience.hasTime else { throw error }
                if !isTold { patience.tell("waiting for the API server: \(error.detail)") }
                isTold = true
                try await Task.sleep(for: ConnectionPatience.interval)
            }
        }
    }

    private func attempt(
        _ arguments: [String], input: [UInt8]?, timeout: Period?, limit: Int
    ) async throws -> String {
        // A request time-out would cut watches short, so only plain requests have one.
        var program = command(timeout == nil ? arguments + ["--request-timeout=30s"] : arguments).program
        // kubectl has its own time-out and reports what it waited for. This longer one is for a hanging kubectl.
        program.timeout = (timeout?.duration ?? .seconds(105)) + .seconds(15)
        if let input { program.input = .bytes(input) }
        let operation = "kubectl \(arguments.prefix(2).filter { !$0.hasPrefix("-") }.joined(separator: " "))"
        let result: (end: ProgramEnd, output: String)
        do {
            result = try await pool.run { [program] in try program.captured(limit: limit) }
        } catch let error as ProgramError {
            let isMissing = error.reason == .missing
            throw KubernetesError(
                isMissing ? .hopeless : .failed, operation: operation, error.detail,
                hint: isMissing ? "install kubectl on this machine" : nil)
        }
        guard result.end.status == 0 else {
            throw KubectlFailure.error(
                operation, context: context, status: result.end.status, errors: result.end.errors)
        }
        return result.output
    }

    /// Reads an object.
    /// - Returns: nil if there is no such object.
    package func object(_ name: String, timeout: Period? = nil) async throws -> JSONValue? {
        let text = try await run(["get", name, "--ignore-not-found", "--output=json"], limit: Self.longestOutput)
        guard !text.isEmpty else { return nil }
        return try json(text, of: name)
    }

    /// Reads the objects of a type.
    /// - Parameters:
    ///   - arguments: selectors of kubectl, such as `--selector=app=metrics`.
    package func objects(_ type: String, _ arguments: [String] = []) async throws -> [JSONValue] {
        let text = try await run(["get", type, "--output=json"] + arguments, limit: Self.longestOutput)
        return try json(text, of: type)["items"]?.array ?? []
    }

    private static let longestOutput = 64 << 20

    package func json(_ text: String, of name: String) throws -> JSONValue {
        guard let object = try? JSONValue(parsing: [UInt8](text.utf8)) else {
            throw KubernetesError(.failed, operation: "kubectl get \(name)", "its output is not valid JSON")
        }
        return object
    }
}

/// The time in which a request is repeated while the API server does not answer, as while a cluster is rebuilt.
package struct ConnectionPatience: Sendable {
    package var deadline: ContinuousClock.Instant
    /// Receives a line when a wait begins.
    package var tell: @Sendable (String) -> Void

    package init(deadline: ContinuousClock.Instant, tell: @escaping @Sendable (String) -> Void) {
        self.deadline = deadline
        self.tell = tell
    }

    static let interval = Duration.seconds(1)

    var hasTime: Bool { .now + Self.interval < deadline }
}

/// A kubectl command, with its form for display.
package struct KubectlCommand {
    package let program: Program
    /// A description of its standard input.
    package let input: String?

    package init(_ program: Program, _ input: String?) {
        self.program = program
        self.input = input
    }

    package var commandLine: String { program.commandLine + (input.map { "  (with \($0))" } ?? "") }
}
