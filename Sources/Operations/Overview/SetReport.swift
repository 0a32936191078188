package import BackupRepository
import Platform

/// One backup set with its components. This is the document of `dr show --json`.
package struct SetReport: Encodable {
    package var set: BackupSet
    package var manifests: [Manifest]
    /// The time between the oldest and the newest capture, or watermark if there is one.
    package var skewSeconds: Int
    /// The data that a disaster at this time would lose.
    package var restorePoint: RestorePoint
    /// The keys that open the set; absent where neither dr.yaml nor the set has recipients.
    package var encryption: SetEncryption?
    /// Warnings for the operator. Not part of the document.
    package private(set) var remarks: [String] = []

    private enum CodingKeys: String, CodingKey { case set, manifests, skewSeconds, restorePoint, encryption }

    /// - Parameter selector: the words that selected the set. For `latest` the restore point is that of the sets that a
    ///   restore takes now, which may be older for some components.
    package init(
        _ session: Session, of set: BackupSet, in repository: Repository, selector: SetSelector, manifests: [Manifest]
    ) async throws {
        let now = session.now(), tolerance = repository.scope.clockTolerance
        if selector == .latest {
            let selection = try await repository.latest(of: nil, now: now, provesManifests: false, pool: session.pool)
            remarks = SelectionText.lines(selection)
            restorePoint = RestorePoint(selection, now: now, rpo: session.rpo, tolerance: tolerance)
        } else {
            restorePoint = RestorePoint(set, now: now, rpo: session.rpo, tolerance: tolerance)
        }
        encryption = try await session.pool.run {
            try repository.encryption(of: [set], hasConfiguration: !session.isWithoutConfiguration)[set.name]
        }
        skewSeconds = restorePoint.skewSeconds
        self.manifests = manifests
        self.set = set
        self.set.recovery = nil  // a long text that `dr restore --configuration` shows
    }
}
