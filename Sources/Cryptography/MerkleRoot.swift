/// The Merkle tree hash of a list of leaves (RFC 6962, section 2.1), over SHA-256.
///
/// A leaf hashes `0x00` and its bytes, a node hashes `0x01` and the hashes of both halves; the left half holds the largest
/// power of two below the number of leaves. Memory: one hash for each level.
package struct MerkleRoot: ~Copyable {
    /// One for all hashes: they are short, and a new one costs more than each.
    private var hasher = SHA256()
    /// The roots of whole trees, each smaller than the one before, with their numbers of leaves.
    private var trees: [(leaves: Int, hash: [UInt8])] = []

    package init() {}

    package mutating func add(_ leaf: [UInt8]) {
        var tree = (leaves: 1, hash: hasher.digest(of: ([0] + leaf).span.bytes))
        while let left = trees.last, left.leaves == tree.leaves {
            trees.removeLast()
            tree = (left.leaves * 2, node(left.hash, tree.hash))
        }
        trees.append(tree)
    }

    /// The root over all leaves so far; without any, the hash of nothing.
    package mutating func digest() -> Digest {
        guard var root = trees.last?.hash else { return Digest(of: []) }
        for tree in trees.dropLast().reversed() { root = node(tree.hash, root) }
        return Digest(bytes: root)
    }

    private mutating func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        hasher.digest(of: ([1] + left + right).span.bytes)
    }
}
