internal import BackupRepository

/// A chunk segment's checks in the shape that a verification wants.
final class SegmentInspector: ContentInspector {
    private var verifier: ChunkSegmentVerifier?

    init(_ path: String) { verifier = ChunkSegmentVerifier(path: path) }

    func write(_ bytes: RawSpan) { verifier?.write(bytes) }

    func finish() -> [Damage] { verifier.take()?.finish() ?? [] }
}
