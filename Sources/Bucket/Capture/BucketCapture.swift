internal import BackupRepository
internal import Platform

/// The objects of a bucket at the time of their listing.
struct BucketCapture: Capture {
    let root: String
    let url: String
    let layout: BucketLayout
    let tree: BucketTree
    let listing: BucketListing.Summary
    /// The start of the capture, in milliseconds since 1970.
    let began: Int

    var objects: (any ObjectTree)? { tree }
    /// Its program writes and deletes while the objects are read.
    var isFrozen: Bool { false }
    var damage: [Damage] { listing.damage }

    /// The end of the newest chunk, if the chunks have times in their names.
    var watermark: Int? { listing.newest.map { min($0, began) } }

    var facts: [String: String] {
        var facts = [
            "url": url, "profile": layout.profile.rawValue, "objects": "\(tree.objects)", "bytes": "\(tree.bytes)",
        ]
        // A restore writes the index last, also with other settings.
        if layout.profile == .loki { facts["index_prefix"] = layout.index }
        return facts
    }

    var warnings: [String] {
        var warnings = listing.warnings
        if tree.deletedBlocks > 0 {
            warnings.append(
                "\(tree.deletedBlocks) blocks were deleted while they were listed, and are not in this backup")
        }
        if tree.cutHeaders > 0 {
            warnings.append(
                "\(tree.cutHeaders) objects have more than \(HeaderLines.most) bytes of header fields: this backup has "
                    + "the objects without them")
        }
        return warnings
    }

    func inspector(of path: String) -> (any ContentInspector)? { ObjectInspection.inspector(of: path, layout) }
    func examine(_ changed: [String]) async throws -> [Damage] { [] }
    func release() async throws {}
}
