/// A container image: programs of this machine.
package struct LabImage: Sendable {
    /// The folder that comes first in the `PATH`; nil for none.
    package var folder: String?
    /// Further folders that containers can read, under their own paths.
    package var visible: [String]
    /// The program and arguments for a container without a command.
    package var entrypoint: [String]
    /// The user and group for a pod that names none.
    package var user: UInt32
    package var group: UInt32
    package var environment: [String: String] = [:]

    package init(
        folder: String? = nil, visible: [String] = [], entrypoint: [String] = [], user: UInt32 = 0, group: UInt32 = 0
    ) {
        self.folder = folder
        self.visible = visible
        self.entrypoint = entrypoint
        self.user = user
        self.group = group
    }
}
