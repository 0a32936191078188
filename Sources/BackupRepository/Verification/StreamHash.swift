package import Cryptography

/// A hash over bytes that arrive in pieces.
package final class StreamHash {
    private var hasher: SHA256? = SHA256()

    package init() {}

    package func update(_ bytes: RawSpan) { hasher?.update(bytes) }
    package func digest() -> Digest? {
        guard let hasher = hasher.take() else { return nil }
        return Digest(bytes: hasher.finalize())
    }
}
