internal import Cryptography

/// A hash over bytes that arrive in pieces.
final class StreamHash {
    private var hasher: SHA256? = SHA256()

    func update(_ bytes: RawSpan) { hasher?.update(bytes) }
    func digest() -> Digest? {
        guard let hasher = hasher.take() else { return nil }
        return Digest(bytes: hasher.finalize())
    }
}
