internal import Cryptography
internal import ObjectStorage
internal import Platform

/// The keys that open a backup set, compared with the recipients of the configuration.
package struct SetEncryption: Codable, Equatable, Sendable {
    package enum State: String, Codable, Sendable {
        /// Every pack is encrypted to exactly the configured recipients.
        case current
        /// Every pack is encrypted, to other recipients than the configured ones.
        case other
        /// Every pack is encrypted. The set does not record the recipients.
        case unknown
        /// Some packs are not encrypted: any user who can read the store can read them.
        case clear
    }

    package var state: State
    /// The number of packs that are not encrypted.
    package var clearPacks: Int?
    /// SHA-256 fingerprints of configured recipients that cannot open all of it.
    package var missing: [String]?
    /// SHA-256 fingerprints of recipients that can open it, and are not configured.
    package var former: [String]?

    /// In a table.
    package var word: String {
        switch state {
        case .current: "yes"
        case .other: "other recipients"
        case .unknown: "recipients unknown"
        case .clear: "not all"
        }
    }

    /// One sentence without a subject; nil if there is nothing to do.
    package var remark: String? {
        switch state {
        case .current: return nil
        case .unknown: return "is encrypted, and does not record its recipients"
        case .clear: return "rests on \(Units.count(clearPacks ?? 0, "pack")) without encryption"
        case .other:
            let parts =
                (missing ?? []).map { "recipient \($0.prefix(16)) of dr.yaml cannot open it" }
                + (former ?? []).map { "recipient \($0.prefix(16)), which is not in dr.yaml, can open it" }
            return "is encrypted to other recipients: \(parts.joined(separator: "; "))"
        }
    }
}

extension Repository {
    /// Returns the encryption of sets, by name. Empty where neither the configuration nor a set has recipients.
    ///
    /// Blocks. Reads manifests only of sets that do not record their recipients, and only where there are packs that are not
    /// encrypted.
    /// - Parameter hasConfiguration: false if the configured recipients are not known, so that there is nothing to compare.
    package func encryption(
        of sets: [BackupSet], hasConfiguration: Bool = true
    ) throws -> [Timestamp: SetEncryption] {
        let configured = Set(encryption.fingerprints ?? [])
        guard !configured.isEmpty || sets.contains(where: { $0.recipients != nil }) else { return [:] }
        var clearPacks: [String: Set<String>] = [:]
        var clearByManifest: [String: Int] = [:]
        func count(_ component: String, of set: BackupSet, _ part: BackupSet.Component) throws -> Int {
            if let known = clearByManifest[part.sha256.hex] { return known }
            let clear = try clearPacks[component] ?? listedClearPacks(of: component)
            clearPacks[component] = clear
            guard !clear.isEmpty else { return 0 }
            var number = 0
            do {
                number = try manifest(component, of: set).packs.count { clear.contains($0.pack) }
            } catch let error as RepositoryError where error.isUnreadable {}
            clearByManifest[part.sha256.hex] = number
            return number
        }
        return try Dictionary(
            uniqueKeysWithValues: Dictionary(sets.map { ($0.name, $0) }) { first, _ in first }.map { name, set in
                if let recipients = set.recipients {
                    return (
                        name,
                        SetEncryption(
                            recipients: Set(recipients), configured: hasConfiguration ? configured : Set(recipients))
                    )
                }
                let clear = try set.components.reduce(0) { try $0 + count($1.key, of: set, $1.value) }
                return (name, SetEncryption(state: clear > 0 ? .clear : .unknown, clearPacks: clear > 0 ? clear : nil))
            })
    }

    /// The packs of a component that are not encrypted, by one listing.
    private func listedClearPacks(of component: String) throws -> Set<String> {
        var clear: Set<String> = []
        try store.list(prefix: Layout.packPrefix(component), after: nil) { object in
            try Task.checkCancellation()
            if let id = Layout.name(of: object.key, suffix: Layout.packSuffixes[0]) { clear.insert(id) }
            return .proceed
        }
        return clear
    }
}

extension SetEncryption {
    fileprivate init(recipients: Set<String>, configured: Set<String>) {
        let (missing, former) = (
            configured.subtracting(recipients).sorted(), recipients.subtracting(configured).sorted()
        )
        state = missing.isEmpty && former.isEmpty ? .current : .other
        self.missing = missing.isEmpty ? nil : missing
        self.former = former.isEmpty ? nil : former
    }
}
