/// The depth of a verification that found sets good.
package enum VerificationLevel: String, Codable, Sendable {
    /// Every document by its hash, every pack by presence and size. Some bytes of packs may have been read, but not
    /// all.
    case structure
    /// Every byte that the set needs: only this makes a set a *verified* one.
    case data
}

/// The parts of the sets that a verification read.
package enum VerifiedDepth: String, Codable, Sendable, Comparable {
    /// Every document by its hash, every pack by presence and size.
    case structure
    /// The structure, and every byte of a share of the packs.
    case share
    /// Every byte.
    case all

    private var rank: Int { self == .structure ? 0 : self == .share ? 1 : 2 }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

extension Marks {
    /// Records the result of a verification. Where sets are signed it must be signed too, since retention relies on it.
    /// - Returns: notes for the user.
    package func record(_ mark: VerifiedMark) throws -> [String] {
        guard !mark.good.isEmpty || !mark.damaged.isEmpty else { return [] }
        if let reason = refusalToSign(as: VerifiedMark.roles, at: mark.at) {
            return ["the result is not recorded in the repository: it must be signed, and \(reason)"]
        }
        try put(mark)
        return []
    }
}

/// `verified`: the result of a verification for some sets. One mark for all of them: a hundred sets need one object.
package struct VerifiedMark: Mark {
    package static let kind: String = "verified"
    package var format: Int = RepositoryFormat.version
    package var kind: String = VerifiedMark.kind
    /// A damaged set may be dropped sooner, and one that is wrongly said to be good outlives a good one.
    package var takesAway: Bool { true }
    package var at: Timestamp
    package var tool: String
    /// The notation of early versions for ``level`` and ``share``, which they did not write; still written for them.
    package var read: VerifiedDepth
    package var level: VerificationLevel
    /// The share of the packs that was read: 0...1. Nil in a mark of an early version that does not record it.
    package var share: Double?
    /// The sets without findings.
    package var good: [Timestamp]
    /// The sets that cannot be restored whole.
    package var damaged: [Timestamp]

    package init(
        at: Timestamp, tool: String, level: VerificationLevel, share: Double, good: [Timestamp], damaged: [Timestamp]
    ) {
        self.at = at
        self.tool = tool
        self.level = level
        self.share = share
        read = level == .data ? .all : share > 0 ? .share : .structure
        self.good = good
        self.damaged = damaged
    }

    private enum CodingKeys: String, CodingKey { case format, kind, at, tool, read, level, share, good, damaged }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        format = try container.decode(Int.self, forKey: .format)
        kind = try container.decode(String.self, forKey: .kind)
        at = try container.decode(Timestamp.self, forKey: .at)
        tool = try container.decode(String.self, forKey: .tool)
        read = try container.decode(VerifiedDepth.self, forKey: .read)
        level =
            try container.decodeIfPresent(VerificationLevel.self, forKey: .level) ?? (read == .all ? .data : .structure)
        share = try container.decodeIfPresent(Double.self, forKey: .share)
        good = try container.decode([Timestamp].self, forKey: .good)
        damaged = try container.decode([Timestamp].self, forKey: .damaged)
    }
}
