package import BackupRepository

/// Adapts the checks of a chunk segment to the interface of a verification.
package final class SegmentInspector: ContentInspector {
    private var verifier: ChunkSegmentVerifier?

    package init(_ path: String) { verifier = ChunkSegmentVerifier(path: path) }

    package func write(_ bytes: RawSpan) { verifier?.write(bytes) }

    package func finish() -> [Damage] { verifier.take()?.finish() ?? [] }
}
