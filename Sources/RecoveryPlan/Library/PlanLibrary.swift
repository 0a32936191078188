package import Documents
internal import Foundation
internal import Yams

/// The plans that there are: those of a folder, and of the program's own those whose names the folder does not take.
package struct PlanLibrary: Sendable {
    package struct Entry: Equatable, Sendable {
        package var scenario: String
        package var aliases: [String]
        package var text: PlanText
        /// Comes with the program.
        package var isBuiltIn: Bool

        package var names: [String] { [scenario] + aliases }
    }

    /// By scenario.
    package private(set) var entries: [Entry]
    /// What is wrong with files: no YAML, no scenario, a name that another plan has.
    package private(set) var complaints: [Diagnostic]
    /// Those of ``complaints`` that are about files with nothing but white space in them.
    private var emptyFiles: Set<String> = []

    /// - Parameters:
    ///   - plans: absolute path of the folder; nil where there is none.
    ///   - shipped: file names and texts of the program's own plans.
    ///   - folder: absolute path that relative paths in plans start from.
    /// - Throws: `DocumentError` when the folder cannot be read.
    package init(plans: String?, shipped: [(file: String, text: String)], folder: String) throws(DocumentError) {
        var found = Self([], [])
        for file in try plans.map(Self.files) ?? [] { found.add(file: file, folder: folder) }
        for (file, text) in shipped {
            let plan = PlanText(text, file: "built-in/\(file)", folder: folder)
            guard let entry = try? Self.entry(plan, isBuiltIn: true) else { continue }
            let taken = found.entries.flatMap(\.names)
            if !entry.names.contains(where: taken.contains) { found.entries.append(entry) }
        }
        found.entries.sort { $0.scenario < $1.scenario }
        self = found
    }

    private init(_ entries: [Entry], _ complaints: [Diagnostic]) {
        self.entries = entries
        self.complaints = complaints
    }

    /// The plan for a scenario, by its name or an alias.
    /// - Throws: `DocumentError`, with what is wrong with the files where one of them may be the plan.
    /// - Parameter skippingEmpty: true passes over files without content. A shell has just emptied the file that
    ///   `dr plan show S --source > plans/S.yaml` is about to fill.
    package func entry(for name: String, skippingEmpty: Bool = false) throws(DocumentError) -> Entry {
        let complaints = skippingEmpty ? complaints.filter { !emptyFiles.contains($0.location.file) } : complaints
        if let entry = entries.first(where: { $0.names.contains(name) }) {
            // A file that was meant to take its place, and cannot be read, must not be passed over in silence.
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
            hint: "`dr plan list` shows those that there are")
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
                hint: "make it, or take 'plans' out of dr.yaml: the program has plans of its own")
        }
    }

    private mutating func add(file: String, folder: String) {
        do throws(DocumentError) {
            let text = try Self.text(file, folder)
            if Self.isEmpty(text) { emptyFiles.insert(file) }
            let entry = try Self.entry(text, isBuiltIn: false)
            for name in entry.names {
                guard let other = entries.first(where: { $0.names.contains(name) }) else { continue }
                throw DocumentError(
                    file: file, "scenario '\(name)' has a plan already: \(other.text.file)",
                    hint: "give one of the two another name, or take it out of the folder")
            }
            entries.append(entry)
        } catch {
            complaints += error.diagnostics
        }
    }

    private static func text(_ file: String, _ folder: String) throws(DocumentError) -> PlanText {
        guard let bytes = FileManager.default.contents(atPath: file) else {
            throw DocumentError(file: file, "cannot be read")
        }
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw DocumentError(file: file, "is not text in UTF-8")
        }
        return PlanText(text, file: file, folder: folder)
    }

    private static func isEmpty(_ text: PlanText) -> Bool { text.text.allSatisfy(\.isWhitespace) }

    /// Only the names: what else may be wrong with a plan matters when it is wanted.
    private static func entry(_ text: PlanText, isBuiltIn: Bool) throws(DocumentError) -> Entry {
        let stem = URL(filePath: text.file).deletingPathExtension().lastPathComponent
        // Tabs alone would be called invalid YAML.
        let root = try YAMLDocument(
            isEmpty(text) ? "" : text.text, file: text.file, folder: text.folder,
            emptyHint: "delete it, or fill it with a plan to change: dr plan show \(stem) --source > '\(text.file)'"
        ).root.mapping
        func value(_ key: String) -> YAMLNode? { root?.first { $0.key.scalar?.string == key }?.value }
        guard let scenario = value("scenario")?.scalar?.string, !scenario.isEmpty else {
            throw DocumentError(file: text.file, "names no scenario", hint: "begin it with 'scenario: NAME'")
        }
        let aliases = value("aliases")?.sequence?.compactMap { $0.scalar?.string } ?? []
        return Entry(scenario: scenario, aliases: aliases, text: text, isBuiltIn: isBuiltIn)
    }
}
