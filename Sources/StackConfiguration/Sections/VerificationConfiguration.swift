package import Documents

/// How old backups are read again, a share in each run.
package struct VerificationConfiguration: Equatable, Sendable {
    /// After each backup.
    package var sample = false
    /// In which everything in the repository is read again.
    package var period = Period.days(30)

    package init() {}
}

extension VerificationConfiguration: Section {
    package static let keys: [Key<Self>] = [
        Key(
            "sample", \.sample, as: .flag,
            about:
                "After each backup read a share of the old packs, as 'dr backup --verify=sample' does; false if left out."
        ),
        Key(
            "period", \.period, as: .period,
            about: "The time in which everything in the repository is read again, a share in each run; 30d if left out."
        ),
    ]
}
