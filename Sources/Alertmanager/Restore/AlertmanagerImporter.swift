package import BackupRepository
internal import Documents
internal import FoundationEssentials
internal import Platform

/// Restores the silences of a backup into a running Alertmanager, through its API.
///
/// Silences that have not ended are created; the server gives them new ids, and each report names both. A second run
/// finds them equal and changes nothing. The configuration cannot be set through the API: it is compared.
package struct AlertmanagerImporter: ComponentImporter {
    package static var kind: String { AlertmanagerSource.kind }
    package static var destination: ImportDestination { .server }

    let api: AlertmanagerAPI
    private let now: @Sendable () -> Int

    /// - Parameter now: milliseconds since 1970, for a server that does not report its time.
    package init(api: AlertmanagerAPI, now: @escaping @Sendable () -> Int) {
        self.api = api
        self.now = now
    }

    package func run(
        _ request: ImportRequest, report: @escaping @Sendable (ImportedObject) -> Void
    ) async throws {
        try await api.pool.run { [self] in
            let running = try api.status()
            let list = try api.silences()
            let add = { (object: ImportedObject) in
                report(object)
                request.progress.update { $0.files += 1 }
            }
            let stored = try storedSilences(in: request.tree, add)
            let comparison = SilenceComparison(now: list.time ?? now(), replaces: request.replaces)
            // Every id that is known before the first write: this run created each other id that appears later.
            var known = Set(list.silences.map(\.id))
            for plan in comparison.plans(for: stored, present: list.silences) {
                try Task.checkCancellation()
                add(request.isDryRun ? Self.object(plan) : try settle(plan, comparing: comparison, known: &known))
            }
            add(try compareConfiguration(in: request.tree, running.configuration))
        }
    }

    // MARK: Silences

    /// The readable ones, in the order of their file names; the others are reported as failed.
    private func storedSilences(in tree: String, _ report: (ImportedObject) -> Void) throws -> [Silence] {
        let folder = "\(tree)/\(AlertmanagerTree.silences)"
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        } catch {
            throw ComponentError(.damaged, operation: "read '\(AlertmanagerTree.silences)'", FileFailure.text(error))
        }
        return names.filter { $0.hasSuffix(".json") }.compactMap { name in
            do {
                guard let content = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
                    throw SilenceDefect("it cannot be read")
                }
                return try Silence(try JSONValue(parsing: [UInt8](content)))
            } catch {
                report(
                    ImportedObject(
                        "silence", "'\(name)'", outcome: .failed, detail: "its document is damaged: \(error)"))
                return nil
            }
        }
    }

    /// Writes one silence.
    /// - Parameter known: ids of the server's silences; those that this run creates are added.
    /// - Throws: an error that stops the whole import: the server is unreachable.
    private func settle(
        _ plan: SilencePlan, comparing comparison: SilenceComparison, known: inout Set<String>
    ) throws -> ImportedObject {
        var form = plan.silence.form()
        switch plan.step {
        case .keep, .conflict, .skip: return Self.object(plan)
        case .create: break
        case .change(let id): form = plan.silence.form(id: id)
        }
        do {
            return created(plan, id: try api.post(form), known: &known)
        } catch let error as ComponentError where error.reason == .unreachable {
            // The answer was lost, but the silence may exist. The server's list is read before another attempt.
            let found = try api.silences().silences.first { silence in
                !known.contains(silence.id) && comparison.areEqual(silence, plan.silence)
            }
            do {
                return created(plan, id: try found?.id ?? api.post(form), known: &known)
            } catch let error as ComponentError { return Self.failure(plan, error) }
        } catch let error as ComponentError { return Self.failure(plan, error) }
    }

    private func created(_ plan: SilencePlan, id: String, known: inout Set<String>) -> ImportedObject {
        known.insert(id)
        let parts = [plan.detail, id == plan.silence.id ? nil : "its new id is \(id.printable)"].compactMap { $0 }
        return Self.object(plan, detail: parts.isEmpty ? nil : parts.joined(separator: "; "))
    }

    private static func object(_ plan: SilencePlan) -> ImportedObject { object(plan, detail: plan.detail) }

    private static func object(_ plan: SilencePlan, detail: String?) -> ImportedObject {
        ImportedObject("silence", name(plan.silence), outcome: plan.outcome, detail: detail)
    }

    private static func failure(_ plan: SilencePlan, _ error: ComponentError) -> ImportedObject {
        // The silence ended between the comparison and the request.
        let hasEnded = error.detail.contains("in the past")
        return ImportedObject(
            "silence", name(plan.silence), outcome: hasEnded ? .skipped : .failed,
            detail: hasEnded ? "it ended during the restore" : "Alertmanager's message: \(error.detail)")
    }

    private static func name(_ silence: Silence) -> String { "\(silence.title) (id \(silence.id.printable))" }

    // MARK: Configuration

    private func compareConfiguration(
        in tree: String, _ running: RunningConfiguration
    ) throws -> ImportedObject {
        let file = "\(tree)/\(AlertmanagerTree.configuration)"
        let (kind, name) = ("configuration", "'\(AlertmanagerTree.configuration)'")
        guard let content = FileManager.default.contents(atPath: file) else {
            return ImportedObject(kind, name, outcome: .failed, detail: "the backup has none")
        }
        let stored = RunningConfiguration(String(decoding: content, as: UTF8.self))
        // A backup in a store without encryption does not have the URLs of webhooks.
        let forms = [running, running.withoutURLs].map { $0.sectionsThatDiffer(from: stored) }
        let sections = forms.min { $0.count < $1.count } ?? []
        guard !sections.isEmpty else { return ImportedObject(kind, name, outcome: .same) }
        return ImportedObject(
            kind, name, outcome: .skipped,
            detail:
                "the running configuration differs in \(Gap.list(sections).printable); Alertmanager takes it from its "
                + "file only: restore that with --to FOLDER, put the secrets in, and reload Alertmanager")
    }
}
