package import BackupRepository

/// Adapts the checks of a chunk segment to the interface of a verification.
package final class SegmentInspector: ContentInspector {
    private var verifier: ChunkSegmentVerifier?

    /// - Parameter allowsAggregates: true if the block may be a downsampled one of Thanos.
    package init(_ path: String, allowsAggregates: Bool = false) {
        verifier = ChunkSegmentVerifier(path: path, allowsAggregates: allowsAggregates)
    }

    package func write(_ bytes: RawSpan) { verifier?.write(bytes) }

    package func finish() -> [Damage] { verifier.take()?.finish() ?? [] }
}
