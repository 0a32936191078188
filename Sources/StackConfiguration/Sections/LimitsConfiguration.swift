package import Documents

/// The resources that a command may use, so that the servers beside it do not notice.
package struct LimitsConfiguration: Equatable, Sendable {
    /// The classes of `ionice`.
    package enum IOClass: String, CaseIterable, Sendable {
        /// Reads and writes only when no other process does.
        case idle
        /// The usual class, with the lowest priority in it.
        case lowest
    }

    /// The bytes per second that move between this machine and the store.
    package struct Bandwidth: Equatable, Sendable {
        package var backup: Int?
        package var restore: Int?

        package init() {}
    }

    /// The most bytes of memory; nil for the default.
    package var memory: Int?
    /// The number of packs that are processed at the same time; nil for the number of cores, as far as ``memory`` allows.
    package var parallelism: Int?
    package var bandwidth = Bandwidth()
    /// Bytes per second that a backup reads from disks; nil for no limit.
    package var disk: Int?
    /// The niceness of a backup; nil for that of its parent process.
    package var nice: Int?
    package var ionice: IOClass?

    package init() {}

    /// The least memory of a process.
    package static let leastMemory = 96 << 20
    /// The bytes of a process before it moves any content: the program, its threads, connections and catalogs.
    private static let base = 76 << 20
    /// Enough for one pack with its part.
    private static let least = 13 << 20

    /// Returns the bytes for contents, of the memory of a process.
    package static func forContents(of memory: Int) -> Int { max(memory - base, least) }
}

extension LimitsConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "memory", \.memory, as: .size(leastMemory...1 << 40, describedAs: "96MiB to 1TiB"),
            about: "Memory of each command, such as 128MiB. It lowers the parallelism. Default: 256MiB."),
        Key(
            "parallelism", \.parallelism, as: .parallelism,
            about: "Packs processed at the same time, over all components, or auto. Default: auto, by cores and memory."
        ),
        Key("bandwidth", \.bandwidth, as: .section(), about: "Speeds of transfers with the store."),
        Key(
            "disk", \.disk, as: .speed,
            about: "Bytes per second that a backup reads from the files of components. Default: no limit."),
        Key(
            "nice", \.nice, as: .count(0...19),
            about: "Niceness of the processors' time of a backup, 0 to 19. Default: unchanged."),
        Key(
            "ionice", \.ionice, as: .word(),
            about: "Class of a backup's disk accesses: idle, or lowest. Default: unchanged."),
    ]
}

extension LimitsConfiguration.Bandwidth: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "backup", \.backup, as: .speed,
            about: "Bytes per second that a backup sends to the store, such as 20MiB. Default: no limit."),
        Key(
            "restore", \.restore, as: .speed,
            about: "Bytes per second that a restore, a verification or a drill reads from the store, such as 50MiB. "
                + "Default: no limit."),
    ]
}

extension Shape where Value == Int {
    /// Bytes per second.
    fileprivate static var speed: Shape { .size(1024...1 << 40, describedAs: "1KiB to 1TiB") }
}

extension Shape where Value == Int? {
    /// A number of packs, or nil for `auto`.
    fileprivate static var parallelism: Shape {
        Shape(schema: ["oneOf": [["const": "auto"], ["type": "integer", "minimum": 1, "maximum": 16]]]) {
            node, reader in
            if node.scalar?.string == "auto" { return .some(nil) }
            return Shape<Int>.count(1...16).read(node, &reader).map { .some($0) }
        }
    }
}
