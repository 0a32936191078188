package import Documents
package import Platform

/// The kubectl program of this machine, for one namespace of one cluster.
package struct Kubectl: Sendable {
    private let selection: [String]
    private let environment: [String: String]
    private let folder: String
    private let pool: BlockingPool

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

    package func command(_ arguments: [String], input: String? = nil) -> KubectlCommand {
        KubectlCommand(Program("kubectl", selection + arguments, environment: environment, folder: folder), input)
    }

    /// Runs a command to its end.
    /// - Parameters:
    ///   - timeout: the time limit for the cluster; nil for a plain request, which has 30 s.
    /// - Returns: the end of the standard output.
    /// - Throws: ``KubernetesError`` if it fails; `CancellationError`.
    @discardableResult
    package func run(_ arguments: [String], input: [UInt8]? = nil, timeout: Period? = nil) async throws -> String {
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
            throw KubernetesError(
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
    package func object(_ name: String, timeout: Period? = nil) async throws -> JSONValue? {
        let text = try await run(["get", name, "--ignore-not-found", "--output=json"])
        guard !text.isEmpty else { return nil }
        guard let object = try? JSONValue(parsing: [UInt8](text.utf8)) else {
            throw KubernetesError(.failed, operation: "kubectl get \(name)", "its output is not valid JSON")
        }
        return object
    }
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
