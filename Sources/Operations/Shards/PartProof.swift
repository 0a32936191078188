import Cryptography

/// Shows that a mover of this run wrote a result.
///
/// Any user who may write to the store can write such a mark, and dr puts what a result names into the set that it
/// signs. So dr gives each Job a random key that is never in the store, and uses only results with its authentication
/// code.
struct PartProof: Sendable {
    /// The variable of the Job's container that has the key.
    static let variable = "DR_PART_KEY"

    let key: String

    /// Makes a new key.
    init() { key = RandomID.bytes(32).hex }

    /// - Returns: nil for a text that is not such a key.
    init?(key: String?) {
        guard let key, key.wholeMatch(of: /[0-9a-f]{64}/) != nil else { return nil }
        self.key = key
    }

    /// Returns the mark with the authentication code of all its other fields.
    func signed(_ mark: PartMark) throws -> PartMark {
        var mark = mark
        mark.proof = try code(of: mark)
        return mark
    }

    func isValid(_ mark: PartMark) -> Bool {
        guard let proof = mark.proof, let code = try? code(of: mark) else { return false }
        return proof == code
    }

    private func code(of mark: PartMark) throws -> String {
        var mark = mark
        mark.proof = nil
        return HMAC.sha256(key: [UInt8](key.utf8), [UInt8](try JSONDecoding.text(mark).utf8)).hex
    }
}
