package import BackupRepository
internal import Cryptography

/// A place in one component where a nonce is left before each backup, and looked for after a restore.
package protocol Sentinel: Sendable {
    var component: String { get }
    /// Leaves the nonce, and waits until it can be read there. Blocks.
    /// - Returns: milliseconds since 1970, when it was there.
    func plant(_ nonce: String) throws -> Int
    /// The nonces that can be read now. Blocks.
    /// - Parameter time: when the one that is looked for was there.
    func nonces(around time: Int) throws -> [String]
}

/// What is written: a time, so that an older one is known for what it is, and chance, so that none is ever repeated.
package enum Nonce {
    package static func make(at time: Timestamp) -> String { "dr-\(time)-\(RandomID.make().prefix(12))" }

    static func isOne(_ text: String) -> Bool { timestamp(text) != nil }

    static func timestamp(_ nonce: String) -> Timestamp? {
        let parts = nonce.split(separator: "-")
        return parts.count == 3 && parts[0] == "dr" ? Timestamp(String(parts[1])) : nil
    }
}
