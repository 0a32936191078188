package import Documents

/// The verification of old backups, of which each run reads a share.
package struct VerificationConfiguration: Equatable, Sendable {
    /// True if dr reads a sample after each backup.
    package var sample = false
    /// The time within which the whole repository is read again.
    package var period = Period.days(30)

    package init() {}
}

extension VerificationConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "sample", \.sample, as: .flag,
            about:
                "Read a share of the old packs after each backup, as 'dr backup --verify=sample' does. Default: false."
        ),
        Key(
            "period", \.period, as: .period,
            about: "Time within which the whole repository is read again, a share in each run. Default: 30d."
        ),
    ]
}
