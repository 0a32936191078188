internal import Cryptography
internal import Synchronization

/// Checks contents as they arrive, and keeps none of them.
final class RehearsalChecks: ContentDestination {
    private let restorer: (any ComponentRestorer)?
    private let found = Mutex((files: 0, damage: [String: [Damage]]()))

    init(_ restorer: (any ComponentRestorer)?) { self.restorer = restorer }

    var inspectedFiles: Int { found.withLock { $0.files } }
    /// The findings of the kind's inspectors.
    var damage: [Damage] { found.withLock { $0.damage.values.flatMap { $0 } } }

    func takeLocal(_ record: FileRecord, _ digest: Digest) -> Bool { false }

    func makeEmpty(_ record: FileRecord) {
        guard let inspector = restorer?.inspector(of: record.name) else { return }
        add(inspector.finish(), of: record)
    }

    func file(_ record: FileRecord) -> any ContentReceiver {
        Reading(record, restorer?.inspector(of: record.name), for: self)
    }

    /// The findings replace earlier ones of the file: an envelope that fails at its end is read again.
    private func add(_ damage: [Damage], of record: FileRecord) {
        found.withLock {
            $0.files += 1
            $0.damage[record.name] = damage.isEmpty ? nil : damage
        }
    }

    private final class Reading: ContentReceiver {
        private let record: FileRecord
        private let hash = StreamHash()
        private let inspector: (any ContentInspector)?
        private let checks: RehearsalChecks

        init(_ record: FileRecord, _ inspector: (any ContentInspector)?, for checks: RehearsalChecks) {
            (self.record, self.inspector, self.checks) = (record, inspector, checks)
        }

        func write(_ bytes: RawSpan) {
            hash.update(bytes)
            inspector?.write(bytes)
        }

        func finish(_ digest: Digest) -> String? {
            guard hash.digest() == digest else { return ContentMismatch.digest }
            if let inspector { checks.add(inspector.finish(), of: record) }
            return nil
        }
    }
}
