internal import Platform

/// A document of the repository that is checked once after it is decoded. In a valid document arithmetic is safe, and
/// its names can be used in keys and paths.
protocol RepositoryDocument: Decodable {
    /// The first defect; nil if there is none.
    var defect: String? { get }
}

extension RepositoryDescription: RepositoryDocument {
    var defect: String? {
        if !Layout.isID(id) { return "its id is not 32 hexadecimal digits" }
        guard (1...1 << 40).contains(pack.targetBytes), (1...DocumentLimits.mostMembers).contains(pack.maximumMembers)
        else { return "its packs have an impossible size" }
        return nil
    }
}

extension BackupSet: RepositoryDocument {
    var defect: String? {
        if !Layout.isID(run) { return "its run is not 32 hexadecimal digits" }
        guard number.map({ DocumentRange.sizes.contains($0) }) ?? true else { return "its number is out of range" }
        for (name, part) in components {
            guard ComponentName.isValid(name) else { return "it names a component '\(name.printable)'" }
            if let defect = part.defect { return "component \(name): \(defect)" }
        }
        guard imported?.files.allSatisfy({ $0.size.map(DocumentRange.sizes.contains) ?? true }) ?? true else {
            return "the size of an imported file is out of range"
        }
        return nil
    }
}

extension BackupSet.Component {
    fileprivate var defect: String? {
        let counts = [files, bytes, damaged, added.files, added.bytes, added.stored, added.packs]
        guard counts.allSatisfy(DocumentRange.sizes.contains) else { return "a count or size is out of range" }
        guard watermark.map(DocumentRange.milliseconds.contains) ?? true else {
            return "the time of its newest datum is out of range"
        }
        guard oldest.map(DocumentRange.signedMilliseconds.contains) ?? true else {
            return "the time of its oldest datum is out of range"
        }
        return seconds.isFinite && abs(seconds) < 1e12 ? nil : "its duration is out of range"
    }
}

extension Manifest: RepositoryDocument {
    var defect: String? {
        guard ComponentName.isValid(component) else { return "it names a component '\(component.printable)'" }
        guard run.map(Layout.isID) ?? true else { return "its run is not 32 hexadecimal digits" }
        guard watermark.map(DocumentRange.milliseconds.contains) ?? true else {
            return "the time of its newest datum is out of range"
        }
        guard oldest.map(DocumentRange.signedMilliseconds.contains) ?? true else {
            return "the time of its oldest datum is out of range"
        }
        guard root.map({ $0.mode <= 0o7777 }) ?? true else { return "the mode of its folder is out of range" }
        let counts = [totals.files, totals.directories, totals.links, totals.bytes]
        guard counts.allSatisfy(DocumentRange.sizes.contains) else { return "a count or size is out of range" }
        return packs.lazy.compactMap(\.defect).first
    }
}

extension Manifest.PackUse {
    fileprivate var defect: String? {
        guard Layout.isID(pack) else { return "it names a pack that is not 32 hexadecimal digits" }
        guard (0...DocumentLimits.mostMembers).contains(members) else { return "pack \(pack) has \(members) members" }
        guard [live, lent].allSatisfy({ $0.map(areRanges) ?? true }) else {
            return "it uses members that pack \(pack) does not have"
        }
        return nil
    }

    private func areRanges(_ pairs: [[Int]]) -> Bool {
        pairs.allSatisfy { $0.count == 2 && 0 <= $0[0] && $0[0] < $0[1] && $0[1] <= members }
    }
}

extension PackIndex: RepositoryDocument {
    var defect: String? {
        guard DocumentRange.sizes.contains(object.size) else { return "the size of its pack is out of range" }
        guard gzip.allSatisfy({ $0.count == 2 && $0.allSatisfy(DocumentRange.sizes.contains) }) else {
            return "it lists a gzip member with invalid sizes"
        }
        guard members.count <= DocumentLimits.mostMembers else { return "it has more members than a pack can have" }
        guard let number = members.firstIndex(where: { !$0.isSound }) else { return nil }
        return "a number of its member \(number) is out of range"
    }
}

extension PackIndex.Member {
    fileprivate var isSound: Bool {
        [size, at, offset].allSatisfy { $0.map(DocumentRange.sizes.contains) ?? true } && from?.isSound ?? true
    }
}

extension PackIndex.Reference {
    fileprivate var isSound: Bool { Layout.isID(pack) && (0..<DocumentLimits.mostMembers).contains(member) }
}

// MARK: Marks

extension Mark {
    package var defect: String? { nil }
}

extension PruneIntent {
    package var defect: String? {
        let names = sets.flatMap(\.manifests).map(\.component) + orphans.keys + packs.keys
        if let name = names.first(where: { !ComponentName.isValid($0) }) {
            return "it names a component '\(name.printable)'"
        }
        return packs.values.joined().allSatisfy(Layout.isID)
            ? nil : "it names a pack that is not 32 hexadecimal digits"
    }
}

extension UnwantedMark {
    var defect: String? { Layout.defect(ofPacks: packs) }
}

extension SampledMark {
    var defect: String? {
        guard (-DocumentRange.sizes.upperBound...DocumentRange.sizes.upperBound).contains(credit) else {
            return "its credit is out of range"
        }
        return Layout.defect(ofPacks: damaged)
    }
}

extension VerifiedMark {
    package var defect: String? { share.map((0...1).contains) ?? true ? nil : "its share is not between 0 and 1" }
}

extension RecordedMark {
    package var defect: String? {
        let times = results.flatMap { [$0.query.from, $0.query.to] }.compactMap { $0 } + canaries.map(\.at)
        // A window may begin some days before the oldest datum.
        return times.allSatisfy(DocumentRange.signedMilliseconds.contains) ? nil : "a time in it is out of range"
    }
}

extension Layout {
    /// Returns true for an id of a repository, pack or run: 32 lower-case hexadecimal digits.
    static func isID(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    /// - Parameter packs: by component.
    fileprivate static func defect(ofPacks packs: [String: [String]]) -> String? {
        for (component, ids) in packs {
            guard ComponentName.isValid(component) else { return "it names a component '\(component.printable)'" }
            guard ids.allSatisfy(isID) else { return "it names a pack that is not 32 hexadecimal digits" }
        }
        return nil
    }
}
