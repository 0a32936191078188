internal import BackupRepository
internal import Documents
internal import HTTP

/// One import: the state that its parts share, and the steps for one object.
struct ImportRun: Sendable {
    let server: ImportServer
    let tree: ImportTree
    var secrets: ImportSecrets
    let request: ImportRequest
    let access: ImportAccess
    let ledger: ImportLedger

    var isDryRun: Bool { request.isDryRun }

    /// Pauses between attempts to write an object. For an unreachable server, the read before each attempt waits.
    private static let retries = RetryPolicy(attempts: 4, base: .milliseconds(200), cap: .seconds(2))

    /// Reads, decides, writes, reports. After any failure in between it starts again with the read, so that a lost
    /// answer never causes a second write.
    /// - Parameter make: reads and compares, without writing.
    /// - Returns: true if the object exists now, or would exist.
    /// - Throws: errors that stop the whole import; errors of this object are reported.
    @discardableResult
    func settle(_ kind: String, named name: String, _ make: () async throws -> Plan) async throws -> Bool {
        var first: Plan?
        var attempt = 1
        while true {
            do {
                var plan = try await make()
                if let first, plan.outcome == .same { plan.outcome = first.outcome }
                first = first ?? plan
                if !isDryRun, let apply = plan.apply { plan.details += try await apply() }
                return report(plan.object(kind, name))
            } catch let obstacle as Obstacle {
                return report(
                    ImportedObject(
                        kind, name, outcome: obstacle.outcome, detail: obstacle.detail,
                        missingSecrets: obstacle.missingSecrets))
            } catch let error as GrafanaAPIError {
                if Self.mayPass(error), attempt < Self.retries.attempts {
                    try await Task.sleep(for: Self.retries.delay(after: attempt, jitter: .random(in: 0...1)))
                    attempt += 1
                    continue
                }
                return report(
                    ImportedObject(
                        kind, name, outcome: Self.isConflict(error) ? .conflict : .failed, detail: Self.words(error),
                        missingSecrets: first?.missingSecrets ?? []))
            } catch let gone as ServerGone {
                throw ended(gone.error)
            } catch let refused as CredentialsRefused { throw ended(refused.error) }
        }
    }

    /// The same for an object that one document describes.
    @discardableResult
    func settle(
        _ kind: String, document path: String, named name: (JSONValue) -> String,
        _ make: (JSONValue) async throws -> Plan
    ) async throws -> Bool {
        guard let document = try await document(kind, path) else { return false }
        return try await settle(kind, named: name(document)) { try await make(document) }
    }

    /// A document; or nil, and a report of the reason.
    func document(_ kind: String, _ path: String) async throws -> JSONValue? {
        do {
            guard let document = try await tree.document(path) else { return nil }
            guard document.object != nil else { throw Obstacle.failed("its document '\(path)' has no object") }
            return document
        } catch let obstacle as Obstacle {
            report(ImportedObject(kind, "'\(path)'", outcome: obstacle.outcome, detail: obstacle.detail))
            return nil
        }
    }

    @discardableResult
    func report(_ object: ImportedObject) -> Bool {
        ledger.add(object)
        return [.create, .update, .same].contains(object.outcome)
    }

    /// Reads objects for more than one document.
    func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let gone as ServerGone {
            throw ended(gone.error)
        } catch let refused as CredentialsRefused {
            throw ended(refused.error)
        } catch let error as GrafanaAPIError { throw ended(error) }
    }

    private func ended(_ error: GrafanaAPIError) -> ComponentError {
        error.asComponentError("import into \(server.api.location)", role: ImportAccess.role)
    }

    // MARK: Refusals

    private static func mayPass(_ error: GrafanaAPIError) -> Bool {
        switch error.reason {
        case .unreachable, .failing, .conflict: true
        default: false
        }
    }

    private static func isConflict(_ error: GrafanaAPIError) -> Bool {
        if error.reason == .conflict { return true }
        guard error.reason == .refused else { return false }
        let words = error.detail.lowercased()
        return ["already exists", "same name", "taken", "provisioned", "read-only"].contains(where: words.contains)
    }

    private static func words(_ error: GrafanaAPIError) -> String {
        switch error.reason {
        case .forbidden: "\(error.detail): needs \(ImportAccess.role)"
        case .conflict, .refused, .failing, .notAcceptable: "Grafana's message: \(error.detail)"
        default: "\(error)"
        }
    }
}
