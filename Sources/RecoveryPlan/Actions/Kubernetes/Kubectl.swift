internal import Documents
internal import Platform

/// The kubectl program of this machine, for one namespace of one cluster.
struct Kubectl: Sendable {
    private let selection: [String]
    private let environment: [String: String]
    private let folder: String
    private let pool: BlockingPool

    init(_ action: KubectlAction, _ context: ActionContext) {
        selection =
            (action.context.map { ["--context=\($0)"] } ?? []) + (action.namespace.map { ["--namespace=\($0)"] } ?? [])
        environment = InheritedEnvironment.selected(from: context.environment)
        folder = context.folder
        pool = context.pool
    }

    func command(_ arguments: [String], input: String? = nil) -> KubectlCommand {
        KubectlCommand(Program("kubectl", selection + arguments, environment: environment, folder: folder), input)
    }

    /// Runs a command to its end.
    /// - Parameters:
    ///   - timeout: the time limit for the cluster; nil for a plain request, which has 30 s.
    /// - Returns: the end of the standard output.
    /// - Throws: ``ActionError`` if it fails; `CancellationError`.
    @discardableResult
    func run(_ arguments: [String], input: [UInt8]? = nil, timeout: Period? = nil) async throws -> String {
        // A request time-out would cut watches short, so only plain requests have one.
        var program = command(timeout == nil ? arguments + ["--request-timeout=30s"] : arguments).program
        // kubectl has its own time-out and reports what it waited for. This longer one is for a hanging kubectl.
        program.timeout = (timeout?.duration ?? .seconds(105)) + .seconds(15)
        if let input { program.input = .bytes(input) }
        let operation = "kubectl \(arguments.prefix(2).filter { !$0.hasPrefix("-") }.joined(separator: " "))"
        let result: (end: ProgramEnd, output: String)
        do {
            result = try await pool.run { [program] in try program.captured(limit: 1 << 20) }
        } catch let error as ProgramError {
            let isMissing = error.reason == .missing
            throw ActionError(
                isMissing ? .hopeless : .failed, operation: operation, error.detail,
                hint: isMissing ? "install kubectl on this machine" : nil)
        }
        guard result.end.status == 0 else {
            throw KubectlFailure.error(operation, status: result.end.status, errors: result.end.errors)
        }
        return result.output
    }

    /// Reads an object.
    /// - Returns: nil if there is no such object.
    func object(_ name: String, timeout: Period? = nil) async throws -> JSONValue? {
        let text = try await run(["get", name, "--ignore-not-found", "--output=json"])
        guard !text.isEmpty else { return nil }
        guard let object = try? JSONValue(parsing: [UInt8](text.utf8)) else {
            throw ActionError(.failed, operation: "kubectl get \(name)", "its output is not valid JSON")
        }
        return object
    }
}

/// A kubectl command, with its form for display.
struct KubectlCommand {
    let program: Program
    /// A description of its standard input.
    let input: String?

    init(_ program: Program, _ input: String?) {
        self.program = program
        self.input = input
    }

    var commandLine: String { program.commandLine + (input.map { "  (with \($0))" } ?? "") }
}

/// Converts a failure of kubectl to an ``ActionError``.
enum KubectlFailure {
    /// - Parameter errors: the end of kubectl's standard error.
    static func error(_ operation: String, status: CInt, errors: String) -> ActionError {
        let lines = errors.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("Warning:") }
            .prefix { !$0.hasPrefix("Please review the fields above") }  // a page about conflicts in general
        let text = lines.suffix(6).joined(separator: "; ")
        let detail = text.isEmpty ? "exit code \(status)" : text.trimmingPrefix("error: ")
        let sign = signs.first { text.contains($0.words) }
        return ActionError(sign?.reason ?? .failed, operation: operation, String(detail), hint: sign?.hint)
    }

    /// Error messages of kubectl 1.31 to 1.37.
    private static let signs: [(words: String, reason: ActionError.Reason, hint: String?)] = [
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
        ("was refused", .failed, "is this the right cluster? name it with `context`"),
        ("connection refused", .failed, "is this the right cluster? name it with `context`"),
        ("no such host", .failed, "is this the right cluster? name it with `context`"),
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
