internal import Components

/// The checks that compare restored data with data that the backup recorded.
enum ReconcilingChecks {
    static let names: Set = [DataEquality.checkName, CanariesRestored.checkName, RestoredData.checkName]
}
