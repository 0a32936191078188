internal import Glibc

/// The identity of a path's directory by device and inode, independent of links, bind mounts and spelling.
enum DirectoryIdentity {
    private struct Inode: Equatable {
        var device: UInt
        var number: UInt
    }

    /// - Returns: the reason why the two may be the same; nil if they are different.
    static func overlap(_ own: String, _ live: String) -> String? {
        guard let ownChain = ancestry(own) else { return "'\(own)' cannot be read" }
        guard let liveChain = ancestry(live) else { return "'\(live)' cannot be read" }
        if ownChain.rest.isEmpty, liveChain.rest.isEmpty, ownChain.inodes.first == liveChain.inodes.first {
            return "it is the same directory"
        }
        // A missing directory is identified by its nearest existing ancestor and the names below it.
        if isWithin(ownChain, liveChain) { return "it is inside the live directory" }
        if isWithin(liveChain, ownChain) { return "the live directory is inside it" }
        return nil
    }

    private struct Ancestry {
        /// The inodes from the nearest existing ancestor (the directory itself, if it exists) up to the root.
        var inodes: [Inode]
        /// The names below the nearest existing ancestor.
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
