internal import Documents
internal import Platform

/// The kubectl of this machine, for one namespace of one cluster.
struct Kubectl: Sendable {
    private let selection: [String]
    private let environment: [String: String]
    private let folder: String
    private let pool: BlockingPool

    init(_ action: KubectlAction, _ context: ActionContext) {
        selection =
            (action.context.map { ["--context=\($0)"] } ?? []) + (action.namespace.map { ["--namespace=\($0)"] } ?? [])
        environment = context.environment
        folder = context.folder
        pool = context.pool
    }

    func command(_ arguments: [String], input: String? = nil) -> KubectlCommand {
        KubectlCommand(Program("kubectl", selection + arguments, environment: environment, folder: folder), input)
    }

    /// Runs a command to its end.
    /// - Parameters:
    ///   - timeout: what the cluster may take; a plain request gets half a minute, which kubectl is told too.
    /// - Returns: the end of its standard output.
    /// - Throws: ``ActionError`` when it fails; `CancellationError`.
    @discardableResult
    func run(_ arguments: [String], input: [UInt8]? = nil, timeout: Period? = nil) async throws -> String {
        // Watches are cut by a request's time-out, so only plain requests get one.
        var program = command(timeout == nil ? arguments + ["--request-timeout=30s"] : arguments).program
        // kubectl minds the time itself and says what it waited for; this is for when it hangs.
        program.timeout = (timeout?.duration ?? .seconds(105)) + .seconds(15)
        if let input { program.input = .bytes(input) }
        let operation = "kubectl \(arguments.prefix(2).filter { !$0.hasPrefix("-") }.joined(separator: " "))"
        let result: (end: ProgramEnd, output: String)
        do {
            result = try await pool.run { [program] in try program.captured(limit: 1 << 20) }
        } catch let error as ProgramError {
            let isMissing = error.reason == .missing
            throw ActionError(
                isMissing ? .hopeless : .failed, operation, error.detail,
                hint: isMissing ? "install kubectl on the machine that recovers" : nil)
        }
        guard result.end.status == 0 else {
            throw KubectlFailure.error(operation, result.end.status, result.end.errors)
        }
        return result.output
    }

    /// - Returns: nil where there is no such object.
    func object(_ name: String, timeout: Period? = nil) async throws -> JSONValue? {
        let text = try await run(["get", name, "--ignore-not-found", "--output=json"])
        guard !text.isEmpty else { return nil }
        guard let object = try? JSONValue(parsing: [UInt8](text.utf8)) else {
            throw ActionError(.failed, "kubectl get \(name)", "what it printed is no JSON")
        }
        return object
    }
}

/// A command as it is run, and as a person could run it.
struct KubectlCommand {
    let program: Program
    /// What its standard input is.
    let input: String?

    init(_ program: Program, _ input: String?) {
        self.program = program
        self.input = input
    }

    var commandLine: String { program.commandLine + (input.map { "  (with \($0))" } ?? "") }
}

/// What kubectl says when it fails, in the terms of a plan.
enum KubectlFailure {
    /// - Parameter errors: the end of its standard error.
    static func error(_ operation: String, _ status: CInt, _ errors: String) -> ActionError {
        let lines = errors.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("Warning:") }
            .prefix { !$0.hasPrefix("Please review the fields above") }  // a page about conflicts in general
        let text = lines.suffix(6).joined(separator: "; ")
        let detail = text.isEmpty ? "it ended with status \(status)" : text.trimmingPrefix("error: ")
        let sign = signs.first { text.contains($0.words) }
        return ActionError(sign?.reason ?? .failed, operation, String(detail), hint: sign?.hint)
    }

    /// The words of kubectl 1.31 to 1.37.
    private static let signs: [(words: String, reason: ActionError.Reason, hint: String?)] = [
        (
            "(Forbidden)", .hopeless,
            "the user of this context lacks the right; see `kubectl auth can-i`, and grant it to this user"
        ),
        ("(Unauthorized)", .hopeless, "the credentials of this context are not valid; log in again"),
        ("Unauthorized", .hopeless, "the credentials of this context are not valid; log in again"),
        (
            "conflict", .hopeless,
            "something else has set these fields; leave them out of the files, or take them over with `force: true`"
        ),
        ("context \"", .hopeless, "see `kubectl config get-contexts`, and KUBECONFIG"),
        ("context was not found", .hopeless, "see `kubectl config get-contexts`, and KUBECONFIG"),
        ("was refused", .failed, "is this the right cluster? name it with `context`"),
        ("connection refused", .failed, "is this the right cluster? name it with `context`"),
        ("no such host", .failed, "is this the right cluster? name it with `context`"),
        ("i/o timeout", .failed, "the API server does not answer"),
        ("no matches for kind", .failed, "its definition is not there yet: apply that first, or give the step a retry"),
        ("namespaces \"", .failed, "make the namespace first: kubectl: {create_namespace: …}"),
        ("doesn't have a resource type", .hopeless, "`kubectl api-resources` knows the types"),
        ("no objects passed to scale", .failed, "there is no such workload: apply it first"),
    ]
}
