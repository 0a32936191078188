package import Documents

/// A further store of the same repository: it holds the same objects, and is useful when the first one is lost.
package struct CopyConfiguration: Equatable, Sendable {
    /// The name in messages, metrics and options.
    package var name = ""
    /// The place of the copy; only its ``StoreConfiguration/placeKeys`` are set.
    package var store = StoreConfiguration()
    /// The most bytes per second that a run sends to the copy; nil for no limit.
    package var bandwidth: Int?
    /// The retention of the copy; nil for that of the first store.
    package var retention: RetentionConfiguration?

    package init() {}
}

extension CopyConfiguration: Section {
    package static let keys: [Key<Self>] =
        [
            Key(
                "name", \.name, as: .text, required: true,
                about: "Name of the copy in messages, metrics and options, such as offsite.")
        ]
        + StoreConfiguration.placeKeys.map { $0.within(\.store) } + [
            Key(
                "bandwidth", \.bandwidth, as: .size(1024...1 << 40, describedAs: "1KiB to 1TiB"),
                about: "Bytes per second that a run sends to the copy at most, such as 10MiB. Default: no limit."),
            Key(
                "retention", \.retention, as: .section(),
                about: "Backups to keep in the copy. Default: as in the first store."),
        ]

    package func validate(_ written: WrittenKeys, _ reader: inout Reader) {
        store.validatePlace(written, &reader)
        // The name is a label of metrics and a value of options.
        if name.isEmpty || name.utf8.count > 40 || !name.utf8.allSatisfy(Self.isNameByte) {
            reader.complain(written["name"], "'\(name)' is not a valid name: use small letters, digits and '-'")
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
