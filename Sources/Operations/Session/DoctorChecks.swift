import BackupRepository
import Cryptography
import ObjectStorage
import Platform
import S3
import StackConfiguration

/// Checks that the store supports the operations of a repository.
package struct StoreChecks {
    package let session: Session
    /// The role of the store's credentials; nil if they may do everything.
    package let role: StoreRole?

    package init(session: Session, role: StoreRole? = nil) {
        self.session = session
        self.role = role
    }

    package func run() async -> [Check] {
        let store: any ObjectStore
        do { store = try session.store() } catch { return [Check("store", verdict: .failed, "\(error)")] }
        var checks: [Check] = []
        var repository: Repository?
        if role?.writes != false { checks += await session.pool.run { Self.probe(store) } }
        let works = !checks.contains { $0.verdict == .failed }
        if let role, works { checks += await session.pool.run { RoleChecks(store: store, role: role).run() } }
        if role?.writes != false, works { checks += await serverChecks(store) }
        do {
            let first = try await session.repository()
            repository = first
            checks.append(
                Check("repository", verdict: .ok, "\(first.description.id), format \(first.description.format)"))
            checks += SigningChecks(signing: first.signing, role: role, now: session.now()).run()
            checks += try await EncryptionChecks(repository: first, session: session).run()
            if !first.signing.isRequired {
                checks.append(Check("signing", verdict: .warning, SigningText.state))
            }
            let proofs = try await session.pool.run {
                try RecipientProof.all(in: first, now: session.now())
            }
            checks += proofs.map { Check($0) }
            _ = try session.state(of: first)
            checks.append(Check("state", verdict: .ok, "writable"))
        } catch { checks.append(Check("repository", verdict: .failed, "\(error)")) }
        if role == nil {
            for copy in session.configuration.store.copies { checks.append(await check(copy, of: repository)) }
        }
        return checks
    }

    /// Checks a copy with one line. It costs no backup if it is away, so that is a warning.
    /// - Parameter first: the repository in the first store; nil if it is not known.
    private func check(_ copy: CopyConfiguration, of first: Repository?) async -> Check {
        let (name, place) = ("copy \(copy.name)", session.on(copy))
        let seen = first.flatMap { session.seenSet(in: copy, of: $0) }
        do {
            let checks = try await session.pool.run {
                try session.store(of: copy, creating: false, seen: seen).map { Self.probe($0) }
            }
            guard let checks else {
                return Check(
                    name, verdict: .warning,
                    "\(copy.store.url) does not exist; hint: `dr copy \(copy.name)` creates it, or mount the volume it "
                        + "lies on")
            }
            if let failed = checks.first(where: { $0.verdict == .failed }) {
                return Check(
                    name, verdict: .warning, "\(failed.name.split(separator: ": ").last ?? ""): \(failed.detail)")
            }
            let repository = try await place.repository()
            if let first, let objection = repository.description.objection(asCopyOf: first.description) {
                return Check(name, verdict: .warning, "\(copy.store.url): \(objection)")
            }
            let sets = try await session.pool.run { try repository.setNames() }
            let newest = sets.last.map { "newest set \($0)" } ?? "no set yet"
            return Check(name, verdict: .ok, "\(copy.store.url): writable, \(newest)")
        } catch let error as RepositoryError where error.reason == .notARepository && seen == nil {
            return Check(name, verdict: .ok, "\(copy.store.url): writable, still empty")
        } catch { return Check(name, verdict: .warning, "\(error)") }
    }

    private func serverChecks(_ store: any ObjectStore) async -> [Check] {
        var checks: [Check] = []
        if let s3 = store as? S3Store { checks += await session.pool.run { Self.capabilities(s3) } }
        guard !checks.contains(where: { $0.verdict == .failed }) else { return checks }
        let lock = LockCheck(store: store, lock: session.configuration.store.lock)
        return checks + (await session.pool.run { lock.run() })
    }

    /// Checks optional features of an S3 server, and explains the effect of missing ones.
    private static func capabilities(_ store: S3Store) -> [Check] {
        do {
            let seen = try store.probe()
            return [
                Check("S3: credentials", verdict: .ok, "\(seen.credentials), region \(seen.region)"),
                Check(
                    "S3: conditional writes", verdict: seen.conditionalPut ? .ok : .warning,
                    seen.conditionalPut
                        ? "yes"
                        : "no: dr checks before and after each write; two concurrent runs that write the same key may both "
                            + "succeed"),
                metadata(seen),
                Check(
                    "S3: multipart uploads", verdict: seen.multipart ? .ok : .failed,
                    seen.multipart
                        ? "yes, a part of \(Units.bytes(seen.part)) was accepted"
                        : seen.refusal.map { "\($0)" } ?? "no: packs above one part cannot be stored"),
                Check(
                    "S3: batch delete", verdict: .ok, seen.batchDelete ? "yes" : "no: objects are removed one by one"),
            ]
        } catch { return [Check("S3: capabilities", verdict: .failed, "\(error)")] }
    }

    /// Checks metadata. Without it, dr recognises its own writes by their tags, or reads them back.
    private static func metadata(_ seen: S3Capabilities) -> Check {
        let name = "S3: user metadata"
        if seen.metadata { return Check(name, verdict: .ok, "yes") }
        if seen.tags { return Check(name, verdict: .ok, "no: dr recognises its own writes by size and ETag") }
        return Check(
            name, verdict: .warning,
            "no, and an object's ETag differs from the ETag in the response to its write: dr reads "
                + (seen.conditionalPut
                    ? "an object back after a repeated request" : "each object back after each write"))
    }

    private static func probe(_ store: any ObjectStore) -> [Check] {
        let key = ObjectKey(trusted: "marks/probe/\(RandomID.make())")  // checked: digits
        let content = RandomID.bytes(64)
        var checks: [Check] = []
        func check(_ name: String, detail: String, _ body: () throws -> Bool) {
            do {
                checks.append(
                    try body()
                        ? Check(name, verdict: .ok, detail)
                        : Check(name, verdict: .failed, "the result is not as expected"))
            } catch { checks.append(Check(name, verdict: .failed, "\(error)")) }
        }
        check("store: write", detail: store.location) {
            try store.put(key, content, options: PutOptions(.ifAbsent)).size == content.count
        }
        guard checks[0].verdict == .ok else { return checks }
        check("store: read", detail: "the same bytes were read") { try store.read(key) == content }
        check("store: read a range", detail: "16 of 64 bytes") {
            var part: [UInt8] = []
            try store.get(key, range: 16..<32) { piece in piece.withUnsafeBytes { part += $0 } }
            return part == Array(content[16..<32])
        }
        check("store: refuse to overwrite", detail: "an existing key is refused") {
            do {
                _ = try store.put(key, content + [0], options: PutOptions(.ifAbsent))
                return false
            } catch let error as ObjectStoreError where error.reason == .alreadyExists { return true }
        }
        check("store: list", detail: "the object is listed") {
            var seen = false
            try store.list(prefix: key.text, after: nil) { object in
                seen = object.key == key
                return .stop
            }
            return seen
        }
        check("store: delete", detail: "the object is removed") {
            try store.delete([key]).isEmpty && store.head(key) == nil
        }
        return checks
    }
}

/// Checks that each component can be captured, without capturing it.
package struct ComponentChecks {
    package let session: Session

    package init(session: Session) { self.session = session }

    package func run() async -> [Check] {
        var checks: [Check] = []
        for component in session.configuration.components {
            do {
                let findings =
                    if let volume = component.volume {
                        await session.diagnose(component, volume)
                    } else {
                        await (try session.source(component)).diagnose()
                    }
                checks += findings.map {
                    Check("\(component.name): \($0.subject)", verdict: Check.Verdict($0.verdict), $0.detail)
                }
            } catch { checks.append(Check(component.name, verdict: .failed, "\(error)")) }
            checks += ownFolders(in: component)
        }
        return checks
    }

    /// Warns of a store inside the data that it protects, since it would be lost with the data.
    private func ownFolders(in component: ComponentConfiguration) -> [Check] {
        (component.home.map { session.ownFolders(inside: $0) } ?? []).map { place in
            Check(
                "\(component.name): \(place.words)", verdict: .warning,
                "\(place.path) is inside this component's directory: backups skip it, and a loss of the directory destroys it too"
            )
        }
    }
}

extension Check.Verdict {
    fileprivate init(_ verdict: Diagnosis.Verdict) {
        self =
            switch verdict {
            case .ok: .ok
            case .warning: .warning
            case .failed: .failed
            }
    }
}
