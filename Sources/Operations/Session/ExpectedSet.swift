package import BackupRepository
import Cryptography
import ObjectStorage
import Platform

/// The newest set that an operator knows of, from the recovery kit or a notification: a repository that has only older
/// sets was rolled back.
package struct ExpectedSet: Equatable, Sendable {
    package var number: Int
    /// The SHA-256 of the set's document, or its first digits.
    package var digest: String?

    /// Reads `NUMBER` or `NUMBER:DIGEST`.
    package init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let number = Int(first), number > 0 else { return nil }
        self.number = number
        guard parts.count == 2 else { return }
        let digits = parts[1].lowercased()
        guard (8...64).contains(digits.utf8.count), digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            return nil
        }
        digest = digits
    }

    /// Blocks.
    /// - Throws: `RepositoryError` `.setRemoved` if the newest set is older, or the set of that number is another one.
    package func check(_ repository: Repository, at now: Timestamp) throws {
        var newest: (name: Timestamp, number: Int)?
        // Two runs at the same time can use one number.
        var equal: [Timestamp] = []
        for name in try repository.setNames().reversed() where !repository.scope.isFuture(name, at: now) {
            do {
                let set = try repository.set(name)
                guard let found = set.number else { continue }
                newest = newest ?? (name, found)
                if found == number { equal.append(name) }
                if found < number { break }
            } catch let error as RepositoryError where error.isUnreadable || error.reason == .noSuchSet {
                continue
            }
        }
        if let digest, let last = equal.first {
            let digests = try equal.map { try repository.digest(ofSet: $0).hex }
            guard !digests.contains(where: { $0.hasPrefix(digest) }) else { return }
            throw RepositoryError(
                .setRemoved, object: Layout.set(last).text,
                "it has the number \(number) and the digest \(digests[0]), and the digest \(digest) is expected",
                hint:
                    "another set has taken its place: look for the right one in the versions of the bucket or in another copy"
            )
        }
        guard (newest?.number ?? 0) < number else { return }
        throw RepositoryError(
            .setRemoved, object: repository.store.location,
            newest.map {
                "the newest backup set is \($0.name) with number \($0.number), and number \(number) is expected"
            }
                ?? "it has no backup set with a number, and number \(number) is expected",
            hint:
                "newer sets were removed, or this is another repository: look in the versions of the bucket or in another copy"
        )
    }
}
