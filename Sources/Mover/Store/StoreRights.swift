internal import BackupRepository
internal import ObjectStorage

/// The objects that one mover may use. A mover is another machine: it gets what its component needs, and nothing else.
struct StoreRights: Sendable {
    let component: String
    /// False for a restore.
    let mayWrite: Bool
    /// True if packs in the clear are refused.
    let needsEncryption: Bool

    func mayRead(_ key: ObjectKey) -> Bool { key == Layout.description || form(of: key) != nil }

    func mayWrite(_ key: ObjectKey) -> Bool {
        switch form(of: key) {
        case .pack(let isEncrypted): mayWrite && isEncrypted == needsEncryption
        case .document: mayWrite
        case nil: false
        }
    }

    func mayList(_ prefix: String) -> Bool {
        prefix.hasPrefix(Layout.packPrefix(component)) || prefix.hasPrefix(Layout.manifestPrefix(component))
    }

    /// True for a manifest or an index.
    func isDocument(_ key: ObjectKey) -> Bool { form(of: key) == .document }
    func isPack(_ key: ObjectKey) -> Bool { form(of: key) == .pack(isEncrypted: true) }

    private enum Form: Equatable {
        case pack(isEncrypted: Bool)
        case document
    }

    private func form(of key: ObjectKey) -> Form? {
        if key.text.hasPrefix(Layout.packPrefix(component)) {
            if Layout.indexID(of: key).map({ key == Layout.index(component, $0) }) == true { return .document }
            guard let id = Layout.packID(of: key) else { return nil }
            for isEncrypted in [false, true] where key == Layout.pack(component, id, isEncrypted: isEncrypted) {
                return .pack(isEncrypted: isEncrypted)
            }
            return nil
        }
        guard key.text.hasPrefix(Layout.manifestPrefix(component)),
            let name = Layout.name(of: key, suffix: ".json").flatMap(Timestamp.init),
            key == Layout.manifest(component, name)
        else { return nil }
        return .document
    }
}
