package import ObjectStorage

/// The keys of repository format 1. Every key is written once; none is ever overwritten.
package enum Layout {
    package static let description = ObjectKey(trusted: "repository.json")
    package static let setPrefix = "sets/"

    package static func set(_ name: Timestamp) -> ObjectKey { ObjectKey(trusted: "sets/\(name).json") }

    /// The detached signature of a set, where sets are signed.
    package static func signature(of set: BackupSet) -> ObjectKey {
        ObjectKey(trusted: "sets/\(set.name).\(set.run).p7s")
    }

    package static func manifest(_ component: String, _ name: Timestamp) -> ObjectKey {
        ObjectKey(trusted: "\(component)/backups/\(name).json")
    }
    package static func manifestPrefix(_ component: String) -> String { "\(component)/backups/" }

    package static func pack(_ component: String, _ id: String, isEncrypted: Bool = false) -> ObjectKey {
        ObjectKey(trusted: "\(component)/packs/\(id)\(packSuffixes[isEncrypted ? 1 : 0])")
    }
    /// In the clear, and encrypted.
    static let packSuffixes = [".tar.gz", ".tar.gz.p7m"]

    package static func index(_ component: String, _ id: String) -> ObjectKey {
        ObjectKey(trusted: "\(component)/packs/\(id)\(indexSuffix)")
    }
    static let indexSuffix = ".index.json.gz"
    package static func packPrefix(_ component: String) -> String { "\(component)/packs/" }

    /// The last part of a key without `suffix`, such as a pack's id; nil where the key does not end in it.
    package static func name(of key: ObjectKey, suffix: String) -> String? {
        guard let last = key.text.split(separator: "/").last, last.hasSuffix(suffix) else { return nil }
        return String(last.dropLast(suffix.count))
    }

    /// A pack's id, whether encrypted or not; nil where the key is not that of a pack.
    package static func packID(of key: ObjectKey) -> String? {
        packSuffixes.lazy.compactMap { name(of: key, suffix: $0) }.first(where: isID)
    }

    /// The pack's id in the key of an index; nil for any other key.
    package static func indexID(of key: ObjectKey) -> String? {
        name(of: key, suffix: indexSuffix).flatMap { isID($0) ? $0 : nil }
    }
}
