package import Documents
internal import Platform
internal import Yams

/// Runs a program: `run: [systemctl, stop, prometheus]`, or a mapping for what is more.
///
/// An argument vector reaches the program as it is. A shell runs only what `shell` says, where nothing is replaced:
/// parameters are there as variables, see ``Plan/variables(of:)``.
package struct RunAction: Action {
    package static let keyword = "run"
    /// Its exit code is the answer. Whoever puts it into `verify` says that it only looks.
    package static let isCondition = true

    package var words: [String] = []
    package var shell: String?
    /// Absolute path; nil for the folder of the configuration.
    package var directory: String?
    package var environment: [String: TextOrSecret] = [:]
    /// Exit codes that mean success.
    package var accept = [0]

    package init() {}

    /// As a person could paste it into a shell.
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
        var variables = context.environment
        var secrets: [String] = []
        for (name, value) in environment {
            let text = try value.resolve(in: context, for: operation)
            variables[name] = text
            if value.isSecret { secrets.append(text) }
        }
        let command = shell.map { ["/bin/sh", "-c", $0] } ?? words
        // The step's time-out reaches it as a cancellation.
        let program = Program(
            command[0], Array(command.dropFirst()), environment: variables, folder: directory ?? context.folder,
            timeout: .seconds(366 * 86_400))
        let (status, tail) = try await run(program, in: context)
        guard accept.contains(Int(status)) else {
            let said = Redaction(secrets)(tail)
            throw ActionError(
                .failed, operation, "it ended with status \(status)\(said.isEmpty ? "" : ": \(said)")")
        }
        return ActionRecord("\(operation): status \(status)", facts: ["status": "\(status)"])
    }

    /// - Returns: its status, and the last lines that it wrote, of standard error if there are any.
    private func run(_ program: Program, in context: ActionContext) async throws -> (CInt, String) {
        do {
            return try await context.pool.run {
                let (end, output) = try program.captured(limit: 4 << 10)
                let errors = Self.lastLines(of: end.errors)
                return (end.status, errors.isEmpty ? Self.lastLines(of: output) : errors)
            }
        } catch let error as ProgramError {
            throw ActionError(
                .hopeless, operation, error.detail,
                hint: error.reason == .missing ? "install it, or name it by its path" : nil)
        }
    }

    /// At most five lines of 300 characters, in one.
    private static func lastLines(of text: String) -> String {
        text.split(whereSeparator: \.isNewline).suffix(5).map { $0.suffix(300) }.joined(separator: "; ")
    }
}

extension RunAction: Section {
    package static let keys: [Key<Self>] = [
        Key("argv", \.words, as: .arguments, about: "The program and its arguments."),
        Key(
            "shell", \.shell, as: .script, about: "A script for /bin/sh. Nothing in it is replaced: use $DR_PARAM_NAME."
        ),
        Key("directory", \.directory, as: .path, about: "Where it starts; the folder of dr.yaml when left out."),
        Key(
            "environment", \.environment, as: .mapping(of: .textOrSecret),
            about: "More variables; secrets as {env:} or {file:}."),
        Key(
            "accept", \.accept, as: .oneOrMore(.count(0...255)), about: "Exit codes that mean success; 0 when left out."
        ),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if written.contains("argv") == written.contains("shell") {
            reader.complain(written.section, "'run' needs one of 'argv' and 'shell'")
        }
        for name in environment.keys.sorted() where name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) == nil {
            reader.complain(written["environment"], "'\(name)' is no name for an environment variable")
        }
    }

    package static let shape = Shape<Self>.short(.arguments, orSection: Self.self) { words in
        var action = RunAction()
        action.words = words
        return action
    }
}

extension Shape where Value == String {
    /// Any scalar as it is written, but no line ends: part of a command line.
    static let argument = Shape(schema: word.schema) { node, reader in
        guard let scalar = node.scalar, !node.isNull else {
            reader.complain(node, "expected text, found \(node.kindForPeople)")
            return nil
        }
        guard !scalar.string.contains("\0") else {
            reader.complain(node, "a null character cannot be passed on")
            return nil
        }
        return scalar.string
    }

    /// Text of any number of lines.
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
                node, "expected a list of a program and its arguments, found \(node.kindForPeople)",
                hint: "write [systemctl, stop, prometheus], or {shell: \"...\"} for a shell")
            return nil
        }
        guard let words = Shape.list(of: .argument).read(node, &reader) else { return nil }
        guard words.first?.isEmpty == false else {
            reader.complain(node, "there is no program to run")
            return nil
        }
        return words
    }
}
