internal import Cryptography
internal import FoundationEssentials
package import ObjectStorage

/// `live`: the state of a run of a plan while it runs, for displays on other machines. There is one object for each run,
/// and the run replaces it every few seconds: the only object of a repository that changes. Nothing depends on it.
package struct LiveMark: Mark {
    package static let kind: String = "live"
    package var format: Int = RepositoryFormat.version
    package var kind: String = LiveMark.kind
    package var takesAway: Bool { false }
    package var at: Timestamp
    package var tool: String
    package var run: String
    /// A JSON document of ``RecoveryPlan``. If backups are encrypted, it lacks texts that may contain names of the stack.
    package var document: String
    /// The encrypted JSON document with all texts; nil if backups are not encrypted.
    var envelope: Data?

    /// Seconds, by the store's clock, after which a prune removes the mark.
    package static let life = 7 * 86_400
    /// Longer documents are neither written nor read.
    package static let mostBytes = 1 << 20
    /// The maximum number of runs that ``Marks/live()`` returns, the newest first.
    package static let mostRuns = 20
    /// The maximum numbers of objects to list, and to read among the newest: the rest may be unreadable ones.
    package static let mostListed = 50_000
    package static let mostRead = 60
}

extension Marks {
    /// The key of the state of a run.
    package static func liveKey(_ run: String) -> ObjectKey { key(LiveMark.kind, ofRun: run) }

    /// Replaces the state of a run. Blocks for one request.
    /// - Parameters:
    ///   - whole: the document with all texts.
    ///   - open: the document that anybody who reads the store may see.
    package func putLive(
        run: String, at: Timestamp, tool: String, whole: String, open: String
    ) throws {
        let key = Self.key(LiveMark.kind, ofRun: run)
        var mark = LiveMark(at: at, tool: tool, run: run, document: whole)
        if isEncrypted {
            mark.document = open
            // Without the texts the state is still worth showing.
            mark.envelope = (try? seal(Array(whole.utf8), as: key)).map { Data($0) }
        }
        let object = try object(of: mark, at: key)
        guard object.count <= LiveMark.mostBytes else { return }
        _ = try store.put(key, object, options: PutOptions(.none))
    }

    /// Returns the newest states of runs. Those that cannot be read are only counted.
    ///
    /// `isPartial` says that the store has more objects than were looked at, so that runs may be missing.
    ///
    /// Anyone who may write to the store can write one: the caller shows them and relies on none.
    /// - Parameter isKnown: true for an object that the caller has already read in this version.
    package func live(
        isKnown: (ObjectInfo) -> Bool = { _ in false }
    ) throws -> (marks: [(object: ObjectInfo, mark: LiveMark?)], unreadable: Int, isPartial: Bool) {
        var objects: [ObjectInfo] = []
        func keepNewest() {
            objects.sort { ($0.modified ?? 0, $0.key.text) > ($1.modified ?? 0, $1.key.text) }
            objects.removeLast(max(0, objects.count - LiveMark.mostRead))
        }
        var listed = 0
        try store.list(prefix: Self.prefix(LiveMark.kind), after: nil) { object in
            objects.append(object)
            // The keys say nothing about the time: look at all of them, and hold few.
            if objects.count >= 1000 { keepNewest() }
            listed += 1
            return listed < LiveMark.mostListed ? .proceed : .stop
        }
        keepNewest()
        var found: [(object: ObjectInfo, mark: LiveMark?)] = []
        var unreadable = 0
        for object in objects where found.count < LiveMark.mostRuns {
            if isKnown(object) {
                found.append((object, nil))
                continue
            }
            guard object.size <= LiveMark.mostBytes,
                let bytes = try? store.read(object.key, limit: LiveMark.mostBytes),
                var mark = try? SealedDocument.decode(
                    LiveDocument.self, MarkSignature.split(bytes).document, name: object.key.text
                ).mark, mark.kind == LiveMark.kind, Self.key(LiveMark.kind, ofRun: mark.run) == object.key
            else {
                unreadable += 1
                continue
            }
            if let envelope = mark.envelope, let whole = try? open([UInt8](envelope), of: object.key) {
                mark.document = String(decoding: whole, as: UTF8.self)
            }
            found.append((object, mark))
        }
        let isPartial =
            listed >= LiveMark.mostListed || found.count < LiveMark.mostRuns && listed > LiveMark.mostRead
        return (found, unreadable, isPartial)
    }
}

/// The mark while it is decoded.
private struct LiveDocument: RepositoryDocument {
    let mark: LiveMark
    var defect: String? { mark.defect }

    init(from decoder: any Decoder) throws { mark = try LiveMark(from: decoder) }
}
