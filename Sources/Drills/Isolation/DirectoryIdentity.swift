internal import Glibc

/// Which directory a path means, by device and inode: links, bind mounts and other spellings do not hide it.
enum DirectoryIdentity {
    private struct Inode: Equatable {
        var device: UInt
        var number: UInt
    }

    /// - Returns: why the two cannot be kept apart; nil when they can.
    static func overlap(_ own: String, _ live: String) -> String? {
        guard let ownChain = ancestry(own) else { return "'\(own)' cannot be looked at" }
        guard let liveChain = ancestry(live) else { return "'\(live)' cannot be looked at" }
        if ownChain.rest.isEmpty, liveChain.rest.isEmpty, ownChain.inodes.first == liveChain.inodes.first {
            return "it is the same directory"
        }
        // A directory that is not there yet is known by its nearest ancestor and the names below that.
        if isWithin(ownChain, liveChain) { return "it lies within the live directory" }
        if isWithin(liveChain, ownChain) { return "the live directory lies within it" }
        return nil
    }

    private struct Ancestry {
        /// From the nearest existing ancestor (the directory itself, where it exists) up to the root.
        var inodes: [Inode]
        /// Names below the nearest existing ancestor.
        var rest: [String]
    }

    private static func isWithin(_ inner: Ancestry, _ outer: Ancestry) -> Bool {
        guard let top = outer.inodes.first else { return true }
        if outer.rest.isEmpty { return inner.inodes.contains(top) }
        return inner.inodes.first == top && inner.rest.starts(with: outer.rest)
    }

    private static func ancestry(_ path: String) -> Ancestry? {
        guard path.hasPrefix("/") else { return nil }
        var names = path.split(separator: "/").map(String.init)
        var rest: [String] = []
        var status = stat()
        while stat("/" + names.joined(separator: "/"), &status) != 0 {
            guard errno == ENOENT, let last = names.popLast(), last != "..", last != "." else { return nil }
            rest.insert(last, at: 0)
        }
        guard let resolved = realpath("/" + names.joined(separator: "/"), nil) else { return nil }
        defer { free(resolved) }
        names = String(cString: resolved).split(separator: "/").map(String.init)
        var inodes: [Inode] = []
        while true {
            guard stat("/" + names.joined(separator: "/"), &status) == 0 else { return nil }
            inodes.append(Inode(device: UInt(status.st_dev), number: UInt(status.st_ino)))
            if names.popLast() == nil { break }
        }
        return Ancestry(inodes: inodes, rest: rest)
    }
}
