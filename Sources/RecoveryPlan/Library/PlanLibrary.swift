package import Documents
internal import FoundationEssentials

/// The available plans: those in a folder, and the built-in plans whose names the folder does not use.
package struct PlanLibrary: Sendable {
    package struct Entry: Equatable, Sendable {
        package var scenario: String
        package var aliases: [String]
        package var text: PlanText
        /// True if the plan is built in.
        package var isBuiltIn: Bool

        package var names: [String] { [scenario] + aliases }
    }

    /// Sorted by scenario.
    package private(set) var entries: [Entry]
    /// Errors in files: invalid YAML, no scenario, or a name that another plan uses.
    package private(set) var complaints: [Diagnostic]
    /// The files of ``complaints`` that contain only white space.
    private var emptyFiles: Set<String> = []

    /// - Parameters:
    ///   - plans: the absolute path of the folder; nil if there is none.
    ///   - shipped: the file names and texts of the built-in plans.
    ///   - folder: the base of relative paths in plans, as an absolute path.
    /// - Throws: `DocumentError` if the folder cannot be read.
    package init(plans: String?, shipped: [(file: String, text: String)], folder: String) throws(DocumentError) {
        var found = Self([], [])
        for file in try plans.map(Self.files) ?? [] {
            found.add(file) { () throws(DocumentError) in try Self.text(file, folder) }
        }
        found.complete(with: shipped, folder: folder)
        self = found
    }

    /// - Parameters:
    ///   - texts: the file names and texts of the stack's plans.
    ///   - shipped: the file names and texts of the built-in plans.
    ///   - folder: the base of relative paths in plans, as an absolute path.
    package init(texts: [(file: String, text: String)], shipped: [(file: String, text: String)], folder: String) {
        var found = Self([], [])
        for (file, text) in texts { found.add(file) { PlanText(text, file: file, folder: folder) } }
        found.complete(with: shipped, folder: folder)
        self = found
    }

    private mutating func complete(with shipped: [(file: String, text: String)], folder: String) {
        for (file, text) in shipped {
            let plan = PlanText(text, file: "built-in/\(file)", folder: folder)
            guard let entry = try? Self.entry(plan, isBuiltIn: true) else { continue }
            let taken = entries.flatMap(\.names)
            if !entry.names.contains(where: taken.contains) { entries.append(entry) }
        }
        entries.sort { $0.scenario < $1.scenario }
    }

    private init(_ entries: [Entry], _ complaints: [Diagnostic]) {
        self.entries = entries
        self.complaints = complaints
    }

    /// Returns the plan for a scenario name or an alias.
    /// - Parameter skippingEmpty: true to ignore empty files. In `dr plan show S --source > plans/S.yaml` the shell
    ///   truncates the file before dr fills it.
    /// - Throws: `DocumentError`, with the errors of the files if one of them may be the plan.
    package func entry(for name: String, skippingEmpty: Bool = false) throws(DocumentError) -> Entry {
        let complaints = skippingEmpty ? complaints.filter { !emptyFiles.contains($0.location.file) } : complaints
        if let entry = entries.first(where: { $0.names.contains(name) }) {
            // Report a file that should replace the built-in plan but cannot be read.
            let meant = complaints.filter { complaint in
                entry.isBuiltIn
                    && entry.names.contains(
                        URL(filePath: complaint.location.file).deletingPathExtension().lastPathComponent)
            }
            guard meant.isEmpty else { throw DocumentError(meant) }
            return entry
        }
        guard complaints.isEmpty else { throw DocumentError(complaints) }
        let known = entries.flatMap(\.names)
        throw DocumentError(
            file: "plans", "there is no plan for scenario '\(name)'\(Spelling.advice(for: name, among: known))",
            hint: "list the plans with `dr plan list`")
    }

    // MARK: Files

    private static func files(in folder: String) throws(DocumentError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter {
                !$0.hasPrefix(".") && ($0.hasSuffix(".yaml") || $0.hasSuffix(".yml"))
            }.map { "\(folder)/\($0)" }
        } catch {
            throw DocumentError(
                file: folder, "the folder of plans cannot be read",
                hint: "create it, or remove 'plans' from dr.yaml to use the built-in plans only")
        }
    }

    private mutating func add(_ file: String, _ read: () throws(DocumentError) -> PlanText) {
        do throws(DocumentError) {
            let text = try read()
            if Self.isEmpty(text) { emptyFiles.insert(file) }
            let entry = try Self.entry(text, isBuiltIn: false)
            for name in entry.names {
                guard let other = entries.first(where: { $0.names.contains(name) }) else { continue }
                throw DocumentError(
                    file: file, "scenario '\(name)' already has a plan: \(other.text.file)",
                    hint: "rename one of the two, or remove it from the folder")
            }
            entries.append(entry)
        } catch {
            complaints += error.diagnostics
        }
    }

    private static func text(_ file: String, _ folder: String) throws(DocumentError) -> PlanText {
        // A plan names programs to run.
        try DocumentError.refuseUntrusted(file)
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw DocumentError(file: file, "cannot be read")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw DocumentError(file: file, "is not text in UTF-8")
        }
        return PlanText(text, file: file, folder: folder)
    }

    private static func isEmpty(_ text: PlanText) -> Bool { text.text.allSatisfy(\.isWhitespace) }

    /// Reads only the names. Other errors in a plan are reported when the plan is used.
    private static func entry(_ text: PlanText, isBuiltIn: Bool) throws(DocumentError) -> Entry {
        let stem = URL(filePath: text.file).deletingPathExtension().lastPathComponent
        // A file with only tabs would be reported as invalid YAML.
        let root = try YAMLDocument(
            isEmpty(text) ? "" : text.text, file: text.file, folder: text.folder,
            emptyHint: "delete it, or start from a built-in plan: dr plan show \(stem) --source > '\(text.file)'"
        ).root.mapping
        func value(_ key: String) -> YAMLNode? { root?.first { $0.key.scalar?.string == key }?.value }
        guard let scenario = value("scenario")?.scalar?.string, !scenario.isEmpty else {
            throw DocumentError(file: text.file, "has no scenario", hint: "begin it with 'scenario: NAME'")
        }
        let aliases = value("aliases")?.sequence?.compactMap { $0.scalar?.string } ?? []
        return Entry(scenario: scenario, aliases: aliases, text: text, isBuiltIn: isBuiltIn)
    }
}
