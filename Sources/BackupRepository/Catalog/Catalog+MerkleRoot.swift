package import Cryptography

extension Catalog {
    /// Returns the Merkle root over all files, by which anyone who has the restored files can prove them without a key of
    /// the backup.
    ///
    /// The leaves are the lines that `sha256sum` prints for the files, without the line end: the SHA-256 of the content in
    /// hexadecimal, two spaces, the path; in the order of the paths' bytes. Directories and links are no leaves.
    package func merkleRoot() throws -> Digest {
        var root = MerkleRoot()
        try forEach(kind: .file) { entry in
            var leaf: [UInt8] = []
            leaf.append(hexOf: entry.digest ?? Self.digestOfNothing)
            root.add(leaf + [0x20, 0x20] + entry.record.path)
        }
        return root.digest
    }

    private static let digestOfNothing = Digest(of: []).bytes
}
