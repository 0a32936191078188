package import BackupRepository
internal import Cryptography
package import Documents

/// A value that is written into one component before each backup and read back after a restore, to identify the restored
/// backup.
package protocol Canary: Sendable {
    /// Writes the value, and waits until it can be read. Blocks.
    /// - Returns: the time at which it could be read, in milliseconds since 1970.
    func write(_ value: String) throws -> Int

    /// The values that can be read now. Blocks.
    /// - Parameter time: the time at which the expected value was written, in milliseconds since 1970.
    func values(around time: Int) throws -> [String]
}

/// The settings of a canary: an entry under `checks: canaries:`.
package protocol CanarySettings: Section, Equatable {
    associatedtype Kind: ComponentKind

    /// - Returns: nil if the component has no server.
    func canary(in component: Kind, _ context: ComponentContext) throws -> (any Canary)?
}

extension CanarySettings {
    package func isEqual(to other: any CanarySettings) -> Bool { self == other as? Self }

    /// - Returns: nil if the component has no server, or is of another kind.
    package func canary(of component: any ComponentKind, _ context: ComponentContext) throws -> (any Canary)? {
        try (component as? Kind).flatMap { try canary(in: $0, context) }
    }
}

/// The values of canaries: a time, which identifies older values, and a random part, which makes each value unique.
package enum CanaryValue {
    package static func make(at time: Timestamp) -> String { "dr-\(time)-\(RandomID.make().prefix(12))" }

    package static func isValid(_ text: String) -> Bool { timestamp(text) != nil }

    static func timestamp(_ value: String) -> Timestamp? {
        let parts = value.split(separator: "-")
        return parts.count == 3 && parts[0] == "dr" ? Timestamp(String(parts[1])) : nil
    }
}
