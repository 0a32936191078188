/// The settings of the laboratory kubelet.
package struct KubeletOptions: Sendable {
    /// The images that nodes can pull, by name.
    package var images: [String: LabImage]
    /// The sizes in kibibytes of claims ("NAMESPACE/NAME") whose volumes are small file systems in memory.
    package var tinyClaims: [String: Int]
    /// The first delay of a restart, which doubles with each restart.
    package var firstBackOff: Duration
    /// True to create volumes for pending claims and the storage classes for them, where no other provisioner runs.
    package var provisions: Bool

    package init(
        images: [String: LabImage] = [:], tinyClaims: [String: Int] = [:], firstBackOff: Duration = .seconds(1),
        provisions: Bool = false
    ) {
        self.images = images
        self.tinyClaims = tinyClaims
        self.firstBackOff = firstBackOff
        self.provisions = provisions
    }
}
