/// Reads the references to chunks in a bolt file of boltdb-shipper's index (Loki: schemas v9 to v13).
///
/// A reference is a key of three parts with zero bytes between them: the tenant, the day and the stream; the end of the
/// chunk; the chunk's key. Entries of other kinds, such as labels, have other keys.
enum BoltIndex {
    /// Calls `body` with each reference, with the day of its table.
    /// - Throws: ``IndexDefect`` for a damaged file, or an error of `body`.
    static func forEachReference(in file: ReadableFile, _ body: @escaping (ChunkName, _ day: Int) throws -> Void) throws
    {
        var failure: (any Error)?
        if let defect = BoltCheck.defect(
            in: file,
            visiting: { key in
                guard failure == nil, let reference = reference(key) else { return }
                do { try body(reference.name, reference.day) } catch { failure = error }
            })
        {
            throw IndexDefect(defect)
        }
        if let failure { throw failure }
    }

    static func reference(_ key: ArraySlice<UInt8>) -> (name: ChunkName, day: Int)? {
        let parts = key.split(separator: 0, omittingEmptySubsequences: false)
        guard parts.count >= 5, parts[4].elementsEqual([UInt8(ascii: "3")]), let name = ChunkName(key: parts[3]) else {
            return nil
        }
        // "t1:d20780:…": a tenant has no colon.
        let head = parts[0].split(separator: UInt8(ascii: ":"))
        guard head.count >= 3, head[1].first == UInt8(ascii: "d"), head[0].elementsEqual(name.tenant.utf8),
            let day = Int(String(decoding: head[1].dropFirst(), as: UTF8.self))
        else { return nil }
        return (name, day)
    }
}
