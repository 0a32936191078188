internal import Glibc
internal import Synchronization

/// The umask of this process: new files are private to its user.
///
/// Files for other users get their mode explicitly, by ``open(_:to:)``. Programs that write such files run with the
/// umask that dr inherited, see ``Program/inheritsMask``.
package enum FileCreationMask {
    private static let original = Mutex<mode_t?>(nil)

    /// Keeps new files and folders private. Called once, before the program creates any.
    package static func makePrivate() {
        let mask = umask(0o077)
        original.withLock { $0 = $0 ?? mask }
    }

    /// The umask that the program was started with; nil if it is still in effect.
    static var inherited: mode_t? { original.withLock { $0 } }

    /// Sets the mode that an entry for other users has under the inherited umask.
    /// - Returns: false with the reason in `errno`.
    @discardableResult
    package static func open(_ descriptor: CInt, to mode: UInt32) -> Bool {
        guard let inherited else { return true }  // it was created with this mode
        return fchmod(descriptor, mode_t(mode) & ~inherited) == 0
    }
}
