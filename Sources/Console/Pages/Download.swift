import BackupRepository
import Platform

extension Site {
    var downloadRoutes: [Route] {
        [Route("/sets/{set}/{component}/download") { [self] routed in try download(routed) }]
    }

    /// One file, or a folder as tar. Damage breaks the transfer, so that no client takes a part for the whole.
    private func download(_ routed: RoutedRequest) throws -> WebResponse {
        try PageText.check(routed.request, allows: ["path"])
        let opened = try listings.component(routed["component"], of: routed["set"])
        let path = PageText.path(routed.request.parameter("path"))
        let export = opened.export
        if path.isEmpty || path.last == UInt8(ascii: "/") {
            guard
                try path.isEmpty || !opened.listing.children(of: path, limit: 1).isEmpty
                    || opened.listing.entry(path) != nil
            else { throw PageFailure.notFound("the set has no such folder") }
            // Without chunks the end of the connection would be the end of the archive, also of a broken one.
            guard routed.request.marksEnd else { throw PageFailure(505, "an archive needs HTTP/1.1") }
            try export.requireKey(below: path)
            let place = try downloads.enter()
            let name = path.split(separator: UInt8(ascii: "/")).last.map { PathText.text(of: Array($0)) }
            let folder = name ?? opened.manifest.component
            return .stream(type: "application/x-tar") { [place] stream in
                defer { withExtendedLifetime(place) {} }
                try export.tar(path, as: folder) { try stream.write($0) }
            }
            .with("Content-Disposition", Self.attachment("\(folder).tar"))
        }
        guard let entry = try opened.listing.entry(path), entry.record.kind == .file else {
            throw PageFailure.notFound("the set has no such file")
        }
        try export.requireKey(for: entry)
        let place = try downloads.enter()
        let name = path.split(separator: UInt8(ascii: "/")).last.map { PathText.text(of: Array($0)) } ?? "file"
        return .stream(type: "application/octet-stream", length: entry.record.size) { [place] stream in
            defer { withExtendedLifetime(place) {} }
            try export.file(entry) { try stream.write($0) }
        }
        .with("Content-Disposition", Self.attachment(name))
    }

    /// The header with a name for the file: plain letters for old clients, and the exact name (RFC 6266).
    static func attachment(_ name: String) -> String {
        let plain = name.unicodeScalars.map { scalar -> String in
            let isSafe =
                scalar.isASCII && scalar.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains(scalar)
            return isSafe ? String(scalar) : "_"
        }
        return "attachment; filename=\"\(plain.joined().prefix(150))\"; filename*=UTF-8''\(PageText.encoded(name))"
    }
}
