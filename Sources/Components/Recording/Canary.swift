package import BackupRepository
internal import Cryptography
package import Documents

/// A value that is written into one component before each backup and read back after a restore: it tells which backup
/// was restored.
package protocol Canary: Sendable {
    /// Writes the value, and waits until it can be read. Blocks.
    /// - Returns: the time when it could be read, in milliseconds since 1970.
    func write(_ value: String) throws -> Int

    /// The values that can be read now. Blocks.
    /// - Parameter time: when the value that is looked for was written, in milliseconds since 1970.
    func values(around time: Int) throws -> [String]
}

/// The settings of a canary, an entry under `checks: canaries:`, and how the canary is made from them.
package protocol CanarySettings: Section, Equatable {
    associatedtype Kind: ComponentKind

    /// - Returns: nil where the component has no server to write to.
    func canary(in component: Kind, _ context: ComponentContext) throws -> (any Canary)?
}

extension CanarySettings {
    package func isEqual(to other: any CanarySettings) -> Bool { self == other as? Self }

    /// - Returns: nil where the component has no server to write to, or is of another kind.
    package func canary(of component: any ComponentKind, _ context: ComponentContext) throws -> (any Canary)? {
        try (component as? Kind).flatMap { try canary(in: $0, context) }
    }
}

/// The values of canaries: a time, so that an older one is recognised, and a random part, so that none is repeated.
package enum CanaryValue {
    package static func make(at time: Timestamp) -> String { "dr-\(time)-\(RandomID.make().prefix(12))" }

    package static func isValid(_ text: String) -> Bool { timestamp(text) != nil }

    static func timestamp(_ value: String) -> Timestamp? {
        let parts = value.split(separator: "-")
        return parts.count == 3 && parts[0] == "dr" ? Timestamp(String(parts[1])) : nil
    }
}
