package import Cryptography
internal import ObjectStorage
internal import Platform

/// The ledger of a repository: appends entries and reads them. Calls block.
///
/// The first writer of a number wins. Each other writer reads that entry, and takes the next number.
package struct RunLedger: Sendable {
    package static let mostNumber = 999_999_999_999
    /// The longest object of an entry, in bytes.
    static let longestEntry = 1 << 20

    let repository: Repository
    let marks: Marks

    package init(_ repository: Repository) {
        self.repository = repository
        marks = Marks(repository)
    }

    /// The id of the repository.
    package var id: String { repository.description.id }

    static func key(_ number: Int) -> ObjectKey {
        let digits = "\(number)"
        return Marks.key(LedgerEntry.kind, String(repeating: "0", count: max(0, 12 - digits.count)) + digits)
    }

    /// Returns the number in a key; nil for the key of anything else.
    static func number(in key: ObjectKey) -> Int? {
        guard let name = Layout.name(of: key, suffix: ".json"), name.utf8.count == 12,
            name.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(name),
            number > 0
        else { return nil }
        return number
    }

    /// Returns the reason why readers would not accept an entry of this machine; nil if they do.
    package func refusal(at now: Timestamp) -> String? { marks.refusalToSign(as: LedgerEntry.roles, at: now) }

    // MARK: Writing

    /// The result of ``append(_:after:)``.
    package struct Appended: Equatable, Sendable {
        /// The new entry.
        package var head: LedgerHead
        /// The entry before it.
        package var previous: LedgerHead?
        /// A contradiction between the known head and the entries after it.
        package var finding: String?
    }

    /// Appends an entry. One request if no other host has written since `known`.
    /// - Parameter known: the newest entry that this machine has seen; nil to list the entries.
    /// - Throws: `RepositoryError` `.noSigningKey`; `ObjectStoreError`.
    package func append(_ draft: LedgerEntry, after known: LedgerHead?) throws -> Appended {
        var head = try known ?? newest()
        var finding: String?
        var attempt = 0
        while true {
            attempt += 1
            guard (head?.number ?? 0) < Self.mostNumber else {
                throw RepositoryError.damaged(Marks.prefix(LedgerEntry.kind), "its numbers are used up")
            }
            var entry = draft
            entry.number = (head?.number ?? 0) + 1
            entry.previous = head?.sha256
            let key = Self.key(entry.number)
            let object = try marks.object(of: entry, at: key)
            do {
                _ = try repository.store.put(key, object, options: PutOptions(.ifAbsent))
                return Appended(
                    head: LedgerHead(number: entry.number, sha256: Digest(of: object)), previous: head, finding: finding
                )
            } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                if attempt.isMultiple(of: Self.mostSteps), let newest = try newest(after: head) {
                    head = newest
                    continue
                }
                guard let stored = try read(entry.number) else { continue }
                if let other = stored.entry, other.previous != head?.sha256, finding == nil {
                    finding =
                        "entry \(entry.number) of the ledger does not follow entry \(head?.number ?? 0) that this "
                        + "host knows: entries were exchanged"
                }
                head = stored.head
            }
        }
    }

    /// The number of entries of others that are read one by one before a listing.
    private static let mostSteps = 8

    // MARK: Reading

    /// Returns the newest entry that a trusted signer made, by a listing.
    /// - Parameter known: the listing begins after this entry.
    package func newest(after known: LedgerHead? = nil) throws -> LedgerHead? {
        var last: [Int] = []
        try repository.store.list(
            prefix: Marks.prefix(LedgerEntry.kind), after: known.map { Self.key($0.number) }
        ) { object in
            if let number = Self.number(in: object.key) {
                last.append(number)
                if last.count > 2 * Self.mostForeign { last.removeFirst(Self.mostForeign) }
            }
            return .proceed
        }
        // Anyone who can write to the store could end the numbers with an entry of their own.
        for number in last.reversed() {
            if let stored = try read(number), stored.defect == nil { return stored.head }
        }
        return nil
    }

    private static let mostForeign = 20

    /// Returns true if the ledger holds the entry of a note already, because the process died right after it was written.
    /// - Parameter head: the newest entry when the note was made.
    package func holds(_ entry: LedgerEntry, after head: LedgerHead?) throws -> Bool {
        var numbers: [Int] = []
        try repository.store.list(
            prefix: Marks.prefix(LedgerEntry.kind), after: head.map { Self.key($0.number) }
        ) { object in
            if let number = Self.number(in: object.key) { numbers.append(number) }
            return numbers.count < Self.mostSearched ? .proceed : .stop
        }
        return try numbers.contains { number in
            guard let found = try read(number)?.entry, found.run == entry.run, found.phase != .begun else {
                return false
            }
            return entry.phase == .abandoned || found.at == entry.at
        }
    }

    private static let mostSearched = 200

    /// An entry as it is stored.
    package struct Stored: Sendable {
        package var head: LedgerHead
        /// The object as it is stored; nil if it is longer than an entry can be.
        package var object: [UInt8]?
        /// Nil if the object cannot be read as an entry.
        package var entry: LedgerEntry?
        /// The SHA-256 of the certificate of its signer; nil if signatures are not required, or it has no valid one.
        package var signer: Digest?
        /// The reason why the entry does not count.
        package var defect: RepositoryError?
    }

    /// Returns an entry; nil if there is none of this number.
    package func read(_ number: Int) throws -> Stored? {
        let key = Self.key(number)
        do {
            var attempt = 0
            while true {
                attempt += 1
                let object = try repository.store.readDocument(key, limit: Self.longestEntry)
                var stored = Stored(head: LedgerHead(number: number, sha256: Digest(of: object)), object: object)
                do {
                    let (document, signature) = MarkSignature.split(object)
                    try stored.take(document, at: key)
                    if let entry = stored.entry {
                        stored.signer = try marks.signer(of: entry, document, signature, at: key)?.fingerprint
                    }
                    return stored
                } catch let error as RepositoryError
                    where [.damaged, .untrusted, .newerVersion].contains(error.reason)
                {
                    guard error.reason == .damaged, attempt < Retries.ofDamagedReads else {
                        stored.defect = error
                        return stored
                    }
                }
            }
        } catch let error as ObjectStoreError where error.reason == .notFound {
            return nil
        } catch let error as RepositoryError where error.reason == .damaged {
            // Longer than an entry can be: its hash is not known, so no entry can follow it.
            return Stored(head: LedgerHead(number: number, sha256: Digest(of: [])), defect: error)
        }
    }
}

extension RunLedger.Stored {
    /// - Throws: `RepositoryError` if the document is not the entry of this number.
    fileprivate mutating func take(_ document: [UInt8], at key: ObjectKey) throws {
        let entry = try SealedDocument.decode(SealedEntry.self, document, name: key.text).entry
        guard entry.kind == LedgerEntry.kind else {
            throw RepositoryError.damaged(key.text, "it is a mark of another kind")
        }
        self.entry = entry
        guard entry.number == head.number else {
            throw RepositoryError.damaged(key.text, "it holds entry \(entry.number)")
        }
    }

    /// Reads the object of an entry outside of its repository, such as in a pack of evidence.
    /// - Parameters:
    ///   - repository: the id of the repository that the signature names.
    ///   - trusted: the certificates of accepted signers; empty accepts each signer, and none.
    package init(_ object: [UInt8], number: Int, of repository: String, trusting trusted: [X509Certificate]) {
        self.init(head: LedgerHead(number: number, sha256: Digest(of: object)), object: object)
        let key = RunLedger.key(number)
        let (document, signature) = MarkSignature.split(object)
        do {
            try take(document, at: key)
            if let signature {
                let content = MarkSignature.content(document, key: key, repository: repository)
                let certificate =
                    trusted.isEmpty
                    ? try CMSSignature.claimedSigner(signature, of: content)
                    : try CMSSignature.verify(signature, of: content, trusting: trusted, at: nil)
                signer = certificate.fingerprint
            } else if !trusted.isEmpty {
                throw RepositoryError.untrusted(key, "it is not signed")
            }
        } catch let error as CMSError {
            defect = RepositoryError.untrusted(key, "its signature is not valid: \(error.detail)")
        } catch let error as RepositoryError {
            defect = error
        } catch { defect = RepositoryError.damaged(key.text, "\(error)") }
    }
}

/// An entry while it is decoded.
private struct SealedEntry: RepositoryDocument {
    let entry: LedgerEntry
    var defect: String? { entry.defect }

    init(from decoder: any Decoder) throws { entry = try LedgerEntry(from: decoder) }
}
