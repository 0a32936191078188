package import Documents

/// The classes of the store to which packs move when only old backups need them.
package struct TiersConfiguration: Equatable, Sendable {
    package var warm: TierConfiguration?
    package var cold: TierConfiguration?

    package init() {}

    /// The tiers that are set, the youngest first.
    package var all: [TierConfiguration] { [warm, cold].compactMap { $0 } }
}

/// A storage class, and the age from which it holds packs.
package struct TierConfiguration: Equatable, Sendable {
    /// S3's classes that are cheaper to keep than the standard one, the warmest first.
    package enum Class: String, CaseIterable, Sendable {
        case standardIA = "STANDARD_IA"
        case oneZoneIA = "ONEZONE_IA"
        case glacierIR = "GLACIER_IR"
        case glacier = "GLACIER"
        case deepArchive = "DEEP_ARCHIVE"

        /// How cold the class is.
        fileprivate var depth: Int { Self.allCases.firstIndex(of: self) ?? 0 }
        /// True if its objects cannot be copied before they are thawed.
        fileprivate var isArchive: Bool { self == .glacier || self == .deepArchive }
    }

    /// The age of the newest backup that needs a pack.
    package var after = Period()
    package var storageClass = Class.standardIA

    package init() {}

    package var seconds: Int { Int(after.duration.components.seconds) }
}

extension TiersConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key("warm", \.warm, as: .section(), about: "The first class, such as {after: 30d, class: STANDARD_IA}."),
        Key("cold", \.cold, as: .section(), about: "The second class, such as {after: 90d, class: GLACIER}."),
    ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        if all.isEmpty { reader.complain(written.section, "'tiers' needs 'warm', 'cold' or both") }
        guard let warm, let cold else { return }
        if cold.seconds <= warm.seconds {
            reader.complain(
                written["cold"], "'cold' must begin after 'warm': \(cold.after) is not later than \(warm.after)")
        }
        if warm.storageClass.isArchive {
            reader.complain(
                written["warm"],
                "packs cannot move on from \(warm.storageClass.rawValue), which is an archive, to 'cold'",
                hint: "use STANDARD_IA, ONEZONE_IA or GLACIER_IR for 'warm', or 'cold' alone")
        } else if cold.storageClass.depth <= warm.storageClass.depth {
            reader.complain(
                written["cold"],
                "'cold' must have a colder class than 'warm': \(cold.storageClass.rawValue) is not colder than "
                    + warm.storageClass.rawValue)
        }
    }
}

extension TierConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "after", \.after, as: .period, required: true,
            about: "Age of the newest backup that needs a pack, from which the pack moves to this class."),
        Key(
            "class", \.storageClass, as: .word(), required: true,
            about: "Storage class of S3. GLACIER and DEEP_ARCHIVE must be thawed for hours before a restore."),
    ]
}
