/// A storage class of S3: a price for each stored byte, a price for reading it, and a least time of storage.
///
/// https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html. Servers may have classes of their own.
package struct StorageClass: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// As S3 spells it, such as `STANDARD_IA`.
    package let name: String

    private init(name: String) { self.name = name }

    package static let standard = StorageClass(name: "STANDARD")
    package static let standardIA = StorageClass(name: "STANDARD_IA")
    package static let oneZoneIA = StorageClass(name: "ONEZONE_IA")
    package static let glacierIR = StorageClass(name: "GLACIER_IR")
    package static let glacier = StorageClass(name: "GLACIER")
    package static let deepArchive = StorageClass(name: "DEEP_ARCHIVE")

    /// The classes to which dr moves old packs, the warmest first.
    package static let tiers = [standardIA, oneZoneIA, glacierIR, glacier, deepArchive]

    /// - Returns: nil unless dr moves packs to a class of this name.
    package init?(tier name: String) {
        guard let known = Self.tiers.first(where: { $0.name == name }) else { return nil }
        self = known
    }

    /// The class in a server's answer.
    /// - Returns: nil for the standard class, and for text that is no class.
    package init?(answer name: String) {
        guard name != Self.standard.name, (1...40).contains(name.utf8.count),
            name.allSatisfy({ $0 == "_" || $0.isASCII && ($0.isUppercase || $0.isNumber) })
        else { return nil }
        self.init(name: name)
    }

    package var description: String { name }

    /// How cold the class is: 0 for the standard class and for classes that dr does not know.
    package var depth: Int { Self.tiers.firstIndex(of: self).map { $0 + 1 } ?? 0 }

    package static func < (left: Self, right: Self) -> Bool { left.depth < right.depth }

    /// True if an object must be thawed before it can be read.
    package var isArchive: Bool { self == .glacier || self == .deepArchive }

    /// The days for which the store bills an object at least, also if it is removed or moved before.
    package var leastDays: Int {
        switch self {
        case .standardIA, .oneZoneIA: 30
        case .glacierIR, .glacier: 90
        case .deepArchive: 180
        default: 0
        }
    }

    /// The bytes for which the store bills a smaller object.
    package var leastBytes: Int { [.standardIA, .oneZoneIA, .glacierIR].contains(self) ? 128 << 10 : 0 }

    /// The bytes that the store bills for an object besides its content: its name and metadata in an archive.
    package var addedBytes: Int { isArchive ? 40 << 10 : 0 }

    /// The longest time that a thaw usually takes, in seconds, for objects that are not larger than 250 MB; nil for a
    /// class that needs none, or that does not offer this speed.
    ///
    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html
    package func thawTime(_ speed: ThawSpeed) -> Int? {
        switch (self, speed) {
        case (.glacier, .expedited): 5 * 60
        case (.glacier, .standard): 5 * 3600
        case (.glacier, .bulk): 12 * 3600
        case (.deepArchive, .standard): 12 * 3600
        case (.deepArchive, .bulk): 48 * 3600
        default: nil
        }
    }
}

/// How fast a store makes an archived object readable, and at which price: S3's retrieval tiers.
package enum ThawSpeed: String, CaseIterable, Sendable, Codable {
    case expedited = "Expedited"
    case standard = "Standard"
    case bulk = "Bulk"
}
