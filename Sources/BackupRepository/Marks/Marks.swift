internal import Cryptography
package import ObjectStorage
internal import Platform

/// The marks of a repository: writes them, and reads those of one kind one at a time. Calls block.
package struct Marks: Sendable {
    package let store: any ObjectStore
    private let repository: String
    private let signing: SetSigning
    private let encryption: RepositoryEncryption

    package init(_ repository: Repository) {
        store = repository.store
        self.repository = repository.description.id
        signing = repository.signing
        encryption = repository.encryption
    }

    var needsSignatures: Bool { signing.isRequired }

    /// True if the backups of the repository are encrypted.
    var isEncrypted: Bool { !encryption.recipients.isEmpty }

    func seal(_ document: [UInt8], as key: ObjectKey) throws -> [UInt8] { try encryption.seal(document, as: key) }
    func open(_ object: [UInt8], of key: ObjectKey) throws -> [UInt8] { try encryption.open(object, of: key) }

    /// Returns the reason why readers would not accept a mark of these roles from this machine; nil if they do.
    func refusalToSign(as roles: Set<SignerRole>, at now: Timestamp) -> String? {
        signing.refusalToSign(as: roles, at: now)
    }

    static func prefix(_ kind: String) -> String { "marks/\(kind)/" }

    static func key(_ kind: String, _ name: String) -> ObjectKey { ObjectKey(trusted: "marks/\(kind)/\(name).json") }

    /// Returns the key of the one mark of a kind that a run can have.
    static func key(_ kind: String, ofRun run: String) -> ObjectKey {
        // A run's id comes from a document, and may be invalid.
        let isProper =
            (1...64).contains(run.utf8.count)
            && run.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
        return key(kind, isProper ? run : Digest(of: Array(run.utf8)).hex)
    }

    /// - Parameter id: random unless the mark is about an object with its own identity.
    @discardableResult
    package func put(_ mark: some Mark, id: String = RandomID.make()) throws -> ObjectInfo {
        try put(mark, at: Self.key(mark.kind, "\(mark.at)-\(id)"))
    }

    /// Writes the first object of a run, and lets the store learn from it.
    func begin(_ mark: RunMark) throws -> ObjectInfo {
        let key = Self.key(mark.kind, "\(mark.at)-\(mark.run)")
        var options = PutOptions(.ifAbsent)
        options.isTrial = true
        return try store.put(key, object(of: mark, at: key), options: options)
    }

    /// - Throws: `RepositoryError` `.noSigningKey` if the mark needs a signature that this machine cannot make.
    @discardableResult
    func put<M: Mark>(_ mark: M, at key: ObjectKey) throws -> ObjectInfo {
        try store.put(key, object(of: mark, at: key), options: PutOptions(.ifAbsent))
    }

    /// Encodes the object of a mark, with its signature if it needs one.
    /// - Throws: `RepositoryError` `.noSigningKey` if the mark needs a signature that this machine cannot make.
    func object<M: Mark>(of mark: M, at key: ObjectKey) throws -> [UInt8] {
        var object = try SealedDocument.encode(mark)
        if M.isPrivate { object = try PrivateMark.wrap(object, of: M.kind, key: key, by: encryption) }
        if mark.takesAway {
            try signing.requireSigner(toWrite: key.text, as: M.roles, at: mark.at)
        }
        if mark.takesAway || M.isAlwaysSigned, let signer = signing.signer {
            object = try MarkSignature.append(to: object, key: key, repository: repository, by: signer)
        }
        return object
    }

    /// Returns the signer of a mark that needs a signature; nil if marks need none.
    /// - Throws: `RepositoryError` `.untrusted`.
    func signer<M: Mark>(
        of mark: M, _ document: [UInt8], _ signature: [UInt8]?, at key: ObjectKey
    ) throws -> TrustedSigner? {
        guard mark.takesAway || M.isProof, signing.isRequired else { return nil }
        let signer = try MarkSignature.check(signature, of: document, key: key, repository: repository, by: signing)
        try check(signer, of: mark, key, as: M.roles)
        return signer
    }

    /// Returns the keys of a kind, oldest first by the clocks of the writers.
    package func list(_ kind: String) throws -> [ObjectInfo] { try Self.list(kind, in: store) }

    static func list(_ kind: String, in store: any ObjectStore) throws -> [ObjectInfo] {
        var objects: [ObjectInfo] = []
        try store.listDocuments(prefix: prefix(kind)) { objects.append($0) }
        return objects
    }

    /// - Returns: nil if there is no such mark (any more).
    /// - Throws: `RepositoryError` `.damaged`, or `.untrusted` for a mark without the signature that it needs.
    func read<M: Mark>(_ key: ObjectKey, as type: M.Type = M.self) throws -> M? {
        guard let found = try readJudged(key, as: type) else { return nil }
        if let refusal = found.refusal { throw refusal }
        return found.mark
    }

    /// - Returns: nil if there is no such mark (any more).
    /// - Throws: `RepositoryError` `.damaged`.
    private func readJudged<M: Mark>(_ key: ObjectKey, as type: M.Type) throws -> JudgedMark<M>? {
        var refused: JudgedMark<M>?
        do {
            return try store.readDocument(key) { bytes in
                refused = nil
                let found = try judge(bytes, at: key, as: type)
                // Thrown, so that a damaged signature on this machine is read again.
                if let refusal = found.refusal {
                    refused = found
                    throw refusal
                }
                return found
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            return nil
        } catch let error as RepositoryError where error.reason == .untrusted {
            guard let refused else { throw error }
            return refused
        }
    }

    /// - Throws: `RepositoryError` `.damaged` or `.newerVersion`.
    private func judge<M: Mark>(_ bytes: [UInt8], at key: ObjectKey, as type: M.Type) throws -> JudgedMark<M> {
        let (document, signature) = MarkSignature.split(bytes)
        let plain = M.isPrivate ? PrivateMark.unwrapped(document, key: key, by: encryption) : .success(document)
        let mark: M
        do {
            mark = try SealedDocument.decode(CheckedMark<M>.self, try plain.get(), name: key.text).mark
        } catch let error as RepositoryError where error.reason == .newerVersion && signing.isRequired {
            // Any user could write one, and a newer format stops every command.
            let isSigned =
                (try? MarkSignature.check(
                    signature, of: document, key: key, repository: repository, by: signing)) != nil
            throw isSigned
                ? error : RepositoryError.damaged(key.text, "it is of a newer format, and no trusted signer made it")
        }
        guard mark.kind == M.kind else { throw RepositoryError.damaged(key.text, "it is a mark of another kind") }
        return JudgedMark(mark: mark, refusal: try refusal(of: mark, document, signature, at: key))
    }

    /// Returns the reason why a mark lacks the signature that it needs; nil if it has it, or needs none.
    private func refusal(
        of mark: some Mark, _ document: [UInt8], _ signature: [UInt8]?, at key: ObjectKey
    ) throws -> RepositoryError? {
        do {
            _ = try signer(of: mark, document, signature, at: key)
            return nil
        } catch let error as RepositoryError where error.reason == .untrusted {
            return error
        }
    }

    /// Returns the mark if a trusted signer with one of the roles signed it.
    func readSigned<M: Mark>(_ key: ObjectKey, as type: M.Type, by roles: Set<SignerRole>) throws -> M? {
        guard signing.isRequired else { return nil }
        do {
            return try store.readDocument(key) { bytes in
                let (document, signature) = MarkSignature.split(bytes)
                let mark = try SealedDocument.decode(CheckedMark<M>.self, document, name: key.text).mark
                let signer = try MarkSignature.check(
                    signature, of: document, key: key, repository: repository, by: signing)
                try check(signer, of: mark, key, as: roles)
                return mark
            }
        } catch let error as RepositoryError
            where error.isUnreadable || error.reason == .untrusted || error.reason == .newerVersion
        {
            return nil
        }
    }

    /// - Throws: `RepositoryError` `.untrusted` if the signer may not sign this mark.
    private func check(
        _ signer: TrustedSigner, of mark: some Mark, _ key: ObjectKey, as roles: Set<SignerRole>
    ) throws {
        if let reason = signer.refusal(of: roles, mark.at...mark.at) { throw RepositoryError.untrusted(key, reason) }
        guard let revoked = signer.revoked else { return }
        // The holder of the key can write any time into a mark, and cannot choose the time of the store.
        guard let stored = try store.head(key)?.modified, stored <= revoked.seconds else {
            throw RepositoryError.untrusted(
                key, "its signer was revoked at \(revoked.readable), and the store has received it later")
        }
    }

    /// Calls `body` for each mark of a kind, oldest first, holding a few at a time.
    /// - Parameter unreadable: is called for each mark that is damaged, or that lacks the signature that it needs; a mark
    ///   that vanished meanwhile is skipped.
    package func forEach<M: Mark>(
        _ type: M.Type, unreadable: (RepositoryError) throws -> Void, _ body: (ObjectInfo, M) throws -> Void
    ) throws {
        try forEachJudged(type, unreadable: unreadable) { object, found in
            if let refusal = found.refusal { try unreadable(refusal) } else { try body(object, found.mark) }
        }
    }

    /// Calls `body` for each mark of a kind, oldest first, also for those that lack the signature that they need.
    /// - Parameter unreadable: is called for each damaged mark; a mark that vanished meanwhile is skipped.
    package func forEachJudged<M: Mark>(
        _ type: M.Type, unreadable: (RepositoryError) throws -> Void, _ body: (ObjectInfo, JudgedMark<M>) throws -> Void
    ) throws {
        let objects = try list(M.kind)
        for start in stride(from: 0, to: objects.count, by: Self.window) {
            try Task.checkCancellation()
            let part = objects[start..<min(start + Self.window, objects.count)]
            let found = try SideBySide.map(part.map(\.key), limit: Self.window) { key in
                try judged(key, as: M.self)
            }
            for (object, result) in zip(part, found) {
                switch result {
                case .success(let mark): if let mark { try body(object, mark) }
                case .failure(let error): try unreadable(error)
                }
            }
        }
    }

    /// The number of marks read at the same time.
    private static let window = 8

    private func judged<M: Mark>(
        _ key: ObjectKey, as type: M.Type
    ) throws -> Result<JudgedMark<M>?, RepositoryError> {
        do { return .success(try readJudged(key, as: type)) } catch let error as RepositoryError
            where error.isUnreadable
        { return .failure(error) }
    }
}

/// A mark, and the reason why it does not count.
package struct JudgedMark<M: Mark>: Sendable {
    package var mark: M
    /// The error `.untrusted` of a mark that lacks the signature that it needs: any user who can write to the store could
    /// have made it. Nil for a mark that counts.
    package var refusal: RepositoryError?
}

/// A mark while it is decoded: ``RepositoryDocument`` for any kind of mark.
private struct CheckedMark<M: Mark>: RepositoryDocument {
    let mark: M
    var defect: String? { mark.defect }

    init(from decoder: any Decoder) throws { mark = try M(from: decoder) }
}
