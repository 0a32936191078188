internal import BackupRepository

/// Adapts the checks of a chunk segment to the interface of a verification.
final class SegmentInspector: ContentInspector {
    private var verifier: ChunkSegmentVerifier?

    init(_ path: String) { verifier = ChunkSegmentVerifier(path: path) }

    func write(_ bytes: RawSpan) { verifier?.write(bytes) }

    func finish() -> [Damage] { verifier.take()?.finish() ?? [] }
}
