package import Documents
internal import Platform

/// Runs a program: `run: [systemctl, stop, web]`, or a mapping with more options.
///
/// The program gets its argument vector unchanged. A shell runs only scripts from `shell`, in which no reference is
/// replaced: the script reads parameters from variables, see ``Plan/variables(of:)``.
package struct RunAction: Action {
    package static let keyword = "run"
    /// The exit code decides. The author of a plan who puts the program into `verify` asserts that it is read-only.
    package static let isCondition = true

    package var words: [String] = []
    package var shell: String?
    /// The working directory as an absolute path; nil for the folder of the configuration.
    package var directory: String?
    package var environment: [String: TextOrSecret] = [:]
    /// Exit codes that mean success.
    package var accept = [0]

    package init() {}

    /// The prefixes of the variables that dr adds, see ``Plan/variables(of:)``.
    private static let ownVariables = ["DR_PARAM_", "DR_RUN", "DR_SET", "DR_SCENARIO", "DR_STACK"]

    /// The command in a form that can be pasted into a shell.
    private var commandLine: String {
        guard let shell else { return Program(words[0], Array(words.dropFirst()), environment: [:]).commandLine }
        return shell.split(separator: "\n").count > 1 ? "a shell script" : "sh -c '\(shell)'"
    }

    private var operation: String { "run \(commandLine)" }

    package func preview(in context: ActionContext) async throws -> ActionPreview {
        var lines = ["run \(commandLine)\(directory.map { " in \($0)" } ?? "")"]
        lines += environment.sorted { $0.key < $1.key }.map { "  with \($0.key)=\($0.value)" }
        return ActionPreview(lines)
    }

    package func perform(in context: ActionContext) async throws -> ActionRecord {
        var variables = InheritedEnvironment.selected(from: context.environment, prefixes: Self.ownVariables)
        var secrets: [String] = []
        for (name, value) in environment {
            let text = try value.resolve(in: context, for: operation)
            variables[name] = text
            if value.isSecret { secrets.append(text) }
        }
        let command = shell.map { ["/bin/sh", "-c", $0] } ?? words
        // The step's time-out cancels the program.
        var program = Program(
            command[0], Array(command.dropFirst()), environment: variables, folder: directory ?? context.folder,
            timeout: .seconds(366 * 86_400))
        program.inheritsMask = true
        let (status, tail) = try await run(program, in: context)
        guard accept.contains(Int(status)) else {
            let said = Redaction(secrets)(tail)
            throw ActionError(
                .failed, operation: operation, "exit code \(status)\(said.isEmpty ? "" : ": \(said)")")
        }
        return ActionRecord("\(operation): exit code \(status)", facts: ["status": "\(status)"])
    }

    /// - Returns: the exit code and the last lines of standard error or, if that is empty, of standard output.
    private func run(_ program: Program, in context: ActionContext) async throws -> (CInt, String) {
        do {
            return try await context.pool.run {
                let (end, output) = try program.captured(limit: 4 << 10)
                let errors = Self.lastLines(of: end.errors)
                return (end.status, errors.isEmpty ? Self.lastLines(of: output) : errors)
            }
        } catch let error as ProgramError {
            throw ActionError(
                .hopeless, operation: operation, error.detail,
                hint: error.reason == .missing ? "install it, or give its path" : nil)
        }
    }

    /// Returns the last lines as one: at most five, of at most 300 characters each.
    private static func lastLines(of text: String) -> String {
        text.split(whereSeparator: \.isNewline).suffix(5).map { $0.suffix(300) }.joined(separator: "; ")
    }
}

extension RunAction: Section {
    package static let keys: [Key<Self>] = [
        Key("argv", \.words, as: .arguments, about: "Program and its arguments."),
        Key(
            "shell", \.shell, as: .script,
            about: "Script for /bin/sh. No reference in it is replaced: use $DR_PARAM_NAME."),
        Key("directory", \.directory, as: .path, about: "Working directory (default: the folder of dr.yaml)."),
        Key(
            "environment", \.environment, as: .mapping(of: .textOrSecret),
            about: "Additional variables; use {env:} or {file:} for secrets."),
        Key("accept", \.accept, as: .oneOrMore(.count(0...255)), about: "Exit codes that mean success (default: 0)."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if written.contains("argv") == written.contains("shell") {
            reader.complain(written.section, "'run' needs either 'argv' or 'shell'")
        }
        for name in environment.keys.sorted() where name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) == nil {
            reader.complain(written["environment"], "'\(name)' is not a valid name for an environment variable")
        }
    }

    package static let shape = Shape<Self>.short(.arguments, orSection: Self.self) { words in
        var action = RunAction()
        action.words = words
        return action
    }
}

extension Shape where Value == String {
    /// A scalar as written, for a part of a command line.
    static let argument = Shape(schema: word.schema) { node, reader in
        guard let scalar = node.scalar, !node.isNull else {
            reader.complain(node, "expected text, found \(node.kindForPeople)")
            return nil
        }
        guard !scalar.string.contains("\0") else {
            reader.complain(node, "the text contains a null character, which a program cannot receive")
            return nil
        }
        return scalar.string
    }

    /// A text of one or more lines.
    static let script = Shape(schema: ["type": "string"]) { node, reader in
        guard let text = argument.read(node, &reader) else { return nil }
        guard !text.isEmpty else {
            reader.complain(node, "the script is empty")
            return nil
        }
        return text
    }
}

extension Shape where Value == [String] {
    /// A program and its arguments.
    fileprivate static let arguments = Shape(schema: [
        "type": "array", "items": Shape<String>.word.schema, "minItems": 1,
    ]) { node, reader in
        if node.isOpen, let word = Shape<String>.argument.read(node, &reader) { return [word] }
        guard node.sequence != nil else {
            reader.complain(
                node, "expected a list with a program and its arguments, found \(node.kindForPeople)",
                hint: "write [systemctl, stop, web], or {shell: \"...\"} for a script")
            return nil
        }
        guard let words = Shape.list(of: .argument).read(node, &reader) else { return nil }
        guard words.first?.isEmpty == false else {
            reader.complain(node, "the name of the program is empty")
            return nil
        }
        return words
    }
}
