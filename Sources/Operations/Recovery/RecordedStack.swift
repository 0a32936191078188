package import BackupRepository
import Cryptography
import Documents
import FoundationEssentials
import Platform
import RecoveryPlan
import StackConfiguration

/// The configuration and the plans of a backup set, on a machine that has neither.
package struct RecordedStack {
    /// The set that holds them.
    package let set: Timestamp
    package let documents: RecoveryDocuments
    private let session: Session

    /// Reads them from the set that a selector names; for `latest`, from the newest set that holds them.
    /// - Parameter session: a session that knows the address of the store, and no configuration.
    package init(
        _ selector: SetSelector, in session: Session, recoveryKey: String?, allowsClear: Bool = false
    ) async throws {
        let repository = try await session.repository(recoveryKey: recoveryKey, allowsClear: allowsClear)
        var set = try await session.set(selector, in: repository)
        if set.recovery == nil, selector == .latest {
            let now = session.now(), scope = repository.scope
            let older = try await session.pool.run {
                try repository.newestReadableSet {
                    $0.recovery != nil && scope.owns($0) && !scope.isFuture($0.name, at: now)
                }
            }
            if let older {
                Output(options: session.options).warn(
                    "set \(set.name) does not hold the configuration: dr uses that of set \(older.name)")
                set = older
            }
        }
        documents = try set.recoveryDocuments()
        self.set = set.name
        self.session = session
    }

    // MARK: A session

    /// The parts of `dr.yaml` that hold only for the lost host: the store is the one that was named, and state, journals
    /// and drills use the default folders of this machine.
    private static let local = ["store", "state", "plans", "metrics"]

    /// Returns a session of the stack, with the store and the trusted signers of this one.
    /// - Parameters:
    ///   - overlay: a YAML file whose values replace those of the recorded `dr.yaml`.
    ///   - sections: the sections of `dr.yaml` whose secrets are needed; a missing secret elsewhere is a warning.
    ///   - isPreview: true to report missing secrets as warnings only.
    /// - Throws: ``UsageError`` for missing secrets; `DocumentError`.
    package func session(
        overlay: String?, needing sections: [String], isPreview: Bool = false
    ) throws -> Session {
        let document = try configuration(overlay)
        let output = Output(options: session.options)
        let missing = missing(in: document)
        let (needed, other) = (
            missing.filter { use in sections.contains { use.path.hasPrefix("\($0).") } },
            missing.filter { use in !sections.contains { use.path.hasPrefix("\($0).") } }
        )
        for use in other where sections.contains("components") || isPreview {
            output.warn("missing: \(use.path): \(use.about)")
        }
        if !needed.isEmpty {
            let list = needed.map { "  \($0.path): \($0.about)" }.joined(separator: "\n")
            let text =
                "the configuration of set \(set) needs \(needed.count) secrets that this machine does not have:\n\(list)"
            let hint =
                "export the variables, create the files, or set other values with --config-overlay FILE; in that file a "
                + "null removes a component"
            guard isPreview else { throw UsageError(text, hint: hint) }
            output.warn("\(text)\nhint: \(hint)")
        }
        var configuration = try ConfigurationFile.parse(document, kinds: session.kinds)
        configuration.store = session.configuration.store
        var session = Session(
            session.options, file: "\(documents.folder)/dr.yaml", configuration, kinds: session.kinds,
            pool: session.pool)
        session.trust = self.session.trust
        session.recoveryKey = self.session.recoveryKey
        session.passphrases = self.session.passphrases
        session.expectedSet = self.session.expectedSet
        session.acceptsRevoked = self.session.acceptsRevoked
        session.clock = self.session.clock
        session.recorded = documents
        session.recordedSet = set
        return session
    }

    /// Warns if this program has another version of a built-in plan than the program that made the backup.
    /// - Throws: ``UsageError`` if the plan lacks a literal secret in a step, for which there is no option.
    package func review(_ scenario: String, in session: Session) throws {
        let entry = try session.planLibrary().entry(for: scenario)
        let plan = try YAMLDocument(entry.text.text, file: entry.text.file, folder: documents.folder)
        let removed = SecretUse.all(in: plan.root).filter { $0.source == .removed }.map(\.path)
        if let first = removed.first(where: { !$0.hasPrefix("parameters.") }) {
            throw UsageError(
                "\(entry.text.file): '\(first)' lacks a secret, which was removed before the backup",
                hint:
                    "write the files with `dr restore --configuration --to DIR`, edit the plan, and run it with --config"
            )
        }
        for path in removed {
            Output(options: session.options).warn("missing: \(entry.text.file): \(path)\nhint: set it with --param")
        }
        guard entry.isBuiltIn, let digest = documents.builtIn[entry.scenario],
            digest != Digest(of: [UInt8](entry.text.text.utf8))
        else { return }
        Output(options: session.options).warn(
            "the built-in plan '\(entry.scenario)' differs from that of \(documents.tool.printable), which made the "
                + "backup: dr uses its own")
    }

    /// Returns the recorded configuration for this machine.
    private func configuration(_ overlay: String?) throws -> YAMLDocument {
        var document = try YAMLDocument(
            documents.configuration, file: "dr.yaml of set \(set)", folder: documents.folder)
        let local = Self.local.map { "\($0): null" }.joined(separator: "\n")
        document = document.overlaid(by: try YAMLDocument("\(local)\ndrill: {folder: null}", file: "", folder: "/"))
        if let overlay {
            // It names programs, files and servers, as a configuration does.
            try DocumentError.refuseUntrusted(overlay)
            let values = try YAMLDocument(reading: overlay)
            guard !values.hasKey("store") else {
                throw DocumentError(
                    file: overlay, "'store' cannot be replaced", hint: "--store names the store")
            }
            document = document.overlaid(by: values)
        }
        return document.overlaid(by: try YAMLDocument("store: {url: \"file:///given\"}", file: "", folder: "/"))
    }

    /// Returns the secrets that this machine does not have.
    private func missing(in document: YAMLDocument) -> [SecretUse] {
        let environment = ProcessInfo.processInfo.environment
        return SecretUse.all(in: document.root).filter { use in
            switch use.source {
            case .environment(let name): environment[name]?.isEmpty ?? true
            case .file(let path):
                !FileManager.default.isReadableFile(
                    atPath: path.hasPrefix("/") ? path : "\(documents.folder)/\(path)")
            case .removed: true
            }
        }
    }

    // MARK: Files

    /// The result of writing the documents to a directory.
    package struct Written: Encodable {
        package var set: String
        package var target: String
        package var files: [String]
        /// The keys whose literal secrets were removed before the backup.
        package var removed: [String]
        /// The secrets that this machine does not have.
        package var missing: [String]

        package var text: String {
            var lines = ["wrote the configuration of set \(set) to \(target): \(files.joined(separator: ", "))"]
            lines += removed.map { "the backup does not hold the secret of \($0)" }
            lines += missing.map { "missing: \($0)" }
            return lines.joined(separator: "\n")
        }
    }

    /// Writes `dr.yaml` and the folder `plans` to a directory, for this user only.
    /// - Parameter replaces: true to replace existing files.
    package func write(to directory: String, replaces: Bool) throws -> Written {
        let folder = URL(filePath: directory).absoluteURL.standardizedFileURL.path
        let heading = """
            # The configuration of set \(set), as its backup recorded it, without comments and literal secrets.
            # Relative paths in it start from this folder; on the lost host they started from \(documents.folder.printable).

            """
        var files = [("dr.yaml", heading + documents.configuration)]
        files += documents.plans.map { ("plans/\($0.file)", $0.text) }
        for (name, _) in files where !replaces && FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
            throw UsageError("'\(folder)/\(name)' exists", hint: "choose another directory, or add --replace")
        }
        try Folder.makePrivate(folder)
        if !documents.plans.isEmpty { try Folder.makePrivate("\(folder)/plans") }
        for (name, text) in files {
            try OutputFile.write([UInt8](text.utf8), to: "\(folder)/\(name)", mode: 0o600, links: .refuse)
        }
        return Written(
            set: "\(set)", target: folder, files: files.map(\.0), removed: documents.removed.map(\.printable),
            missing: missing(in: try configuration(nil)).map { "\($0.path.printable): \($0.about.printable)" })
    }
}
