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
    ///
    /// Anyone who can write to the store can take numbers with objects that are not entries. They cost a few requests: the
    /// entry takes a number behind them, and names the entry before them.
    /// - Parameter known: the newest entry that this machine has seen; nil to list the entries.
    /// - Throws: `RepositoryError` `.noSigningKey`, or `.damaged` if the entry finds no number; `ObjectStoreError`.
    package func append(_ draft: LedgerEntry, after known: LedgerHead?) throws -> Appended {
        var place = Place(after: try known ?? newest())
        for step in 1...Self.mostSteps {
            try Task.checkCancellation()
            var entry = draft
            entry.number = place.number
            entry.previous = place.head?.sha256
            let key = Self.key(entry.number)
            if let defect = entry.defect { throw RepositoryError.damaged(key.text, defect) }
            let object = try marks.object(of: entry, at: key)
            do {
                _ = try repository.store.put(key, object, options: PutOptions(.ifAbsent))
                return Appended(
                    head: LedgerHead(number: entry.number, sha256: Digest(of: object)), previous: place.head,
                    finding: place.finding)
            } catch let error as ObjectStoreError where error.reason == .alreadyExists {
                if step.isMultiple(of: Self.stepsToListing) {
                    try skipTaken(&place)
                } else {
                    place.pass(try read(place.number))
                }
            }
        }
        throw RepositoryError(
            .damaged, object: Marks.prefix(LedgerEntry.kind), "other objects take the numbers of its next entries",
            hint: "run `dr ledger verify`, and remove the objects that are not entries")
    }

    /// The attempts to write one entry.
    private static let mostSteps = 24
    /// The objects that are read one by one before a listing.
    private static let stepsToListing = 8

    /// A place for a new entry.
    private struct Place {
        /// The entry before it.
        var head: LedgerHead?
        var number: Int
        var finding: String?

        init(after head: LedgerHead?) {
            self.head = head
            number = (head?.number ?? 0) + 1
        }

        /// Goes to the next number.
        /// - Parameter stored: the object of this number; nil if it cannot be read.
        mutating func pass(_ stored: Stored?) {
            defer { number += 1 }
            guard let stored, stored.defect == nil, let other = stored.entry else { return }
            if other.previous != head?.sha256, finding == nil {
                finding =
                    "entry \(number) of the ledger does not follow entry \(head?.number ?? 0) that this host knows: "
                    + "entries were exchanged"
            }
            head = stored.head
        }
    }

    /// Goes to the first free number by a listing.
    private func skipTaken(_ place: inout Place) throws {
        var free = place.number
        try repository.store.list(
            prefix: Marks.prefix(LedgerEntry.kind), after: free > 1 ? Self.key(free - 1) : nil
        ) { object in
            guard let number = Self.number(in: object.key) else { return .proceed }
            guard number == free else { return number < free ? .proceed : .stop }
            free += 1
            return .proceed
        }
        if let newest = try newestSound(in: (place.number..<free).suffix(Self.mostForeign)) { place.head = newest }
        place.number = free
    }

    // MARK: Reading

    /// Returns the newest entry that a trusted signer made, by a listing.
    /// - Parameter known: the listing begins after this entry.
    package func newest(after known: LedgerHead? = nil) throws -> LedgerHead? {
        var numbers: [Int] = []
        try repository.store.list(
            prefix: Marks.prefix(LedgerEntry.kind), after: known.map { Self.key($0.number) }
        ) { object in
            if let number = Self.number(in: object.key) { numbers.append(number) }
            return .proceed
        }
        return try newestSound(in: numbers.suffix(Self.mostForeign))
    }

    /// Returns the newest of some entries that counts: anyone who can write to the store could add an object.
    private func newestSound(in numbers: some BidirectionalCollection<Int>) throws -> LedgerHead? {
        for number in numbers.reversed() {
            try Task.checkCancellation()
            if let stored = try read(number), stored.defect == nil { return stored.head }
        }
        return nil
    }

    /// The number of objects that are read, newest first, to find one that is an entry.
    private static let mostForeign = 200

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
            // An object without a trusted signature says nothing about the run.
            guard let stored = try read(number), stored.defect == nil, let found = stored.entry,
                found.run == entry.run, found.phase != .begun
            else { return false }
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
