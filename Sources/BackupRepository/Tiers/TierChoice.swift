package import ObjectStorage
internal import Platform

/// A storage class, and the age from which it holds packs.
package struct TierRule: Equatable, Sendable {
    package var storageClass: StorageClass
    /// Seconds since the newest set that needs a pack.
    package var after: Int

    package init(_ storageClass: StorageClass, after: Int) {
        self.storageClass = storageClass
        self.after = after
    }
}

/// Chooses the packs that move to a colder class. No pack ever moves back: that costs a retrieval, and a pack that only
/// old sets need gets no younger.
///
/// Only packs move. Sets, manifests, indexes, marks and keys are small and are read by every run.
package struct TierChoice: Sendable {
    package enum Decision: Equatable, Sendable {
        case move(StorageClass)
        case keep(Reason)
    }

    package enum Reason: String, CaseIterable, Sendable {
        /// A set needs it that is younger than every rule, or that the next restore or backup uses.
        case young
        /// It is in the class of its age, in a colder one, or in an archive, which it does not leave.
        case there
        /// No kept set needs it: a prune removes it.
        case unneeded
        /// A manifest of its component cannot be read.
        case sealed
        /// The colder class bills it as if it were larger, so it would cost more there.
        case small
        /// The store cannot copy an object of this size in one request.
        case large
    }

    /// A smaller pack stays: S3 bills 128 KiB at least in some classes, and 40 KiB more for each archived object.
    package static let leastBytes = 128 << 10

    private let ages: PackAges
    private let rules: [TierRule]
    private let largest: Int

    /// - Parameters:
    ///   - rules: in any order.
    ///   - largest: the largest object that can be moved, in bytes.
    package init(_ ages: PackAges, rules: [TierRule], largest: Int) {
        self.ages = ages
        self.rules = rules.sorted { $0.after < $1.after }
        self.largest = largest
    }

    /// - Parameter object: the object of the pack, as listed.
    package func decision(on object: ObjectInfo, pack: String, of component: String) -> Decision {
        guard ages.frozen.isEmpty, ages.sealed[component] == nil else { return .keep(.sealed) }
        switch ages.needs[component]?[pack] {
        case nil: return .keep(.unneeded)
        case .now: return .keep(.young)
        case .last(let time):
            let age = ages.now.subtractingClamped(time)
            guard let rule = rules.last(where: { age >= $0.after }) else { return .keep(.young) }
            // S3 does not copy an archived object before it is thawed.
            guard object.storageClass?.isArchive != true else { return .keep(.there) }
            guard (object.storageClass ?? .standard) < rule.storageClass else { return .keep(.there) }
            // A class that dr does not know may be as cold as any.
            guard object.storageClass.map({ $0.depth > 0 }) ?? true else { return .keep(.there) }
            if object.size < Self.leastBytes { return .keep(.small) }
            return object.size > largest ? .keep(.large) : .move(rule.storageClass)
        }
    }
}
