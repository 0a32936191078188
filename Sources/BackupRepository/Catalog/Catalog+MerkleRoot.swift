package import Cryptography
internal import Platform

extension Catalog {
    /// Returns the Merkle root over all files, by which anyone who has the restored files can prove them without a key of
    /// the backup.
    ///
    /// The leaves are the lines that `sha256sum` prints for the files, without the line end: the SHA-256 of the content in
    /// hexadecimal, two spaces, the path; in the order of the paths' bytes. Directories and links are no leaves.
    package func merkleRoot() throws -> Digest {
        // Two threads: one reads the table, one hashes.
        try readingAhead(of: [UInt8].self) { [self] visit in
            try forEachContent { path, digest in
                var leaf: [UInt8] = []
                leaf.reserveCapacity(2 * digest.count + 2 + path.count)
                leaf.append(hexOf: digest)
                leaf += [0x20, 0x20]
                leaf += path
                try visit(leaf)
            }
        } use: { next in
            var root = MerkleRoot()
            while let leaf = try next() { root.add(leaf) }
            return root.digest()
        }
    }

    private func forEachContent(_ body: (_ path: [UInt8], _ digest: [UInt8]) throws -> Void) throws {
        try read("SELECT path, digest FROM entries WHERE kind = 0 ORDER BY path") { row in
            try body(row.bytes(0) ?? [], row.bytes(1) ?? Self.digestOfNothing)
        }
    }

    private static let digestOfNothing = Digest(of: []).bytes
}
