internal import HTTP
package import ObjectStorage
internal import Platform

extension S3Store {
    package func list(prefix: String, after: ObjectKey?, _ body: (ObjectInfo) throws -> ListingAction) throws {
        try attempt("list", of: nil) {
            // No key outside the prefix's own folder can match.
            let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
            _ = try S3Listing(store: self, after: after).visit(folder, startingWith: prefix) { info in
                do { return try body(info) } catch { throw SinkFailure(underlying: error) }
            }
        }
    }

    package func enumerate(
        prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        try attempt("list", of: nil) {
            try S3Listing(store: self, after: nil).visitAll(startingWith: prefix, skipping: skipped) { info in
                do { try body(info) } catch { throw SinkFailure(underlying: error) }
            }
        }
    }
}

/// Lists a bucket folder by folder, because not every server lists in the order of bytes.
///
/// AWS does. Servers that store keys as paths sort a folder `a` by its name, before `a-b`, although `a/` comes after
/// it. Within one folder all servers agree on the order of the objects, and put a folder before any object that its
/// keys precede. So it is enough to hold a folder back until the next object that its keys precede. Memory: one page
/// for each level, and the names of the folders held back.
private struct S3Listing {
    let store: S3Store
    let after: ObjectKey?

    /// - Parameters:
    ///   - folder: empty, or with a slash at its end.
    ///   - prefix: the beginning of the wanted keys; `folder` is its beginning or the other way round.
    func visit(
        _ folder: String, startingWith prefix: String, _ body: (ObjectInfo) throws -> ListingAction
    ) throws -> ListingAction {
        var held: [String] = []
        var last: ObjectKey?
        var markers = PageMarkers()
        var token: String?
        /// Visits the folders whose keys come before `key`, or all.
        func visitHeld(before key: String?) throws -> ListingAction {
            while let first = held.first, key.map({ Self.precedes(first, $0) }) ?? true {
                held.removeFirst()
                if isPassed(first) { continue }
                if try visit(first, startingWith: first, body) == .stop { return .stop }
            }
            return .proceed
        }
        repeat {
            try Task.checkCancellation()
            let wanted = prefix.utf8.count > folder.utf8.count ? prefix : folder
            var page = try page(wanted, token.map(Position.marked) ?? .beginning)
            // A server that ignores the prefix, or lists a folder as its own child, must not cause an endless loop.
            page.objects.removeAll { !$0.key.text.hasPrefix(wanted) }
            page.folders.removeAll { !$0.hasPrefix(wanted) || $0.utf8.count <= wanted.utf8.count }
            let known = held.count
            held = Array(Set(held + page.folders)).sorted(by: Self.precedes)
            let isNew = held.count > known || page.objects.contains { info in last.map { $0 < info.key } ?? true }
            for info in page.objects.sorted(by: { $0.key < $1.key }) {
                // A page may repeat the end of the previous one.
                if let last, info.key <= last { continue }
                last = info.key
                if try visitHeld(before: info.key.text) == .stop { return .stop }
                if let after, info.key <= after { continue }
                if try body(info) == .stop { return .stop }
            }
            token = page.isLast ? nil : try markers.next(page.next, isNew: isNew)
        } while token != nil
        return try visitHeld(before: nil)
    }

    /// Visits all objects in the server's order, without a request for each folder.
    func visitAll(
        startingWith prefix: String, skipping skipped: String?, _ body: (ObjectInfo) throws -> Void
    ) throws {
        var markers = PageMarkers()
        var next = Position.beginning
        var hasSkipped = false
        /// The first key of each page: a server in whatever order repeats none.
        var begun: Set<ObjectKey> = []
        while true {
            try Task.checkCancellation()
            let page = try page(prefix, next, byFolder: false)
            // A server may ignore the prefix.
            let objects = page.objects.filter { $0.key.text.hasPrefix(prefix) }
            func isSkipped(_ object: ObjectInfo) -> Bool { skipped.map { object.key.text.hasPrefix($0) } ?? false }
            for object in objects where !isSkipped(object) { try body(object) }
            guard !page.isLast else { return }
            if let skipped, let last = objects.last, isSkipped(last), !hasSkipped {
                // All signs in keys come before a tilde: it is behind the folder in the order of bytes, and for a server
                // that sorts each folder by its names.
                next = .behind(skipped + "~")
                hasSkipped = true
            } else {
                next = .marked(
                    try markers.next(page.next, isNew: objects.first.map { begun.insert($0.key).inserted } ?? false))
            }
        }
    }

    private static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }

    /// True if all keys in a folder come before or at ``after``.
    private func isPassed(_ folder: String) -> Bool {
        guard let after, !after.text.hasPrefix(folder) else { return false }
        return Self.precedes(folder, after.text)
    }

    private struct Page {
        var objects: [ObjectInfo] = []
        var folders: [String] = []
        var isLast = true
        /// The server's marker for the next page.
        var next: String?
    }

    /// The beginning of a page.
    private enum Position {
        case beginning
        /// At the server's marker.
        case marked(String)
        /// Behind a key, which need not exist.
        case behind(String)
    }

    /// ListObjectsV2.
    private func page(_ prefix: String, _ position: Position, byFolder: Bool = true) throws -> Page {
        var query: [HTTPHeaders.Field] = [
            ("list-type", "2"), ("encoding-type", "url"), ("prefix", store.keyPrefix + prefix),
            ("max-keys", "\(store.configuration.pageSize)"),
        ]
        if byFolder { query.append(("delimiter", "/")) }
        switch position {
        case .beginning: break
        case .marked(let token): query.append(("continuation-token", token))
        case .behind(let key): query.append(("start-after", store.keyPrefix + key))
        }
        let (response, document) = try store.client.send(S3Request("GET", nil, query: query))
        guard let root = XMLElement.parse(document), root.name == "ListBucketResult" else {
            throw S3Failure(response, document)
        }
        let isEncoded = root.value("EncodingType") == "url"
        var page = Page()
        for element in root.all("Contents") {
            // Ignore the keys of other programs and the marker objects of folders.
            guard let key = key(element.value("Key"), isEncoded).flatMap({ ObjectKey($0) }) else { continue }
            guard let size = element.value("Size").flatMap(ObjectSize.parse) else {
                throw S3Failure(code: "InvalidListing", message: "'\(key)' has no valid size")
            }
            page.objects.append(
                ObjectInfo(
                    key: key, size: size, tag: element.value("ETag"),
                    modified: element.value("LastModified").flatMap(AWSTime.parse),
                    storageClass: element.value("StorageClass").flatMap { StorageClass(answer: $0) }))
        }
        page.folders = root.all("CommonPrefixes").compactMap { key($0.value("Prefix"), isEncoded) }
            .filter { $0.hasSuffix("/") && ObjectKey(String($0.dropLast())) != nil }
        page.isLast = root.value("IsTruncated") != "true"
        page.next = root.value("NextContinuationToken")
        return page
    }

    private func key(_ text: String?, _ isEncoded: Bool) -> String? {
        guard let text = text.map({ isEncoded ? PercentEncoding.decode(form: $0) : $0 }),
            text.hasPrefix(store.keyPrefix)
        else { return nil }
        return String(text.dropFirst(store.keyPrefix.count))
    }
}
