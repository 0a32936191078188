internal import CLinux

/// The priorities of this process, of all its threads and of those to come. A process may always lower them.
package enum ProcessPriority {
    package enum IOClass: Sendable {
        /// Only when no other process reads or writes.
        case idle
        /// The usual class, with the lowest of its eight levels.
        case lowest
    }

    /// - Parameter niceness: -20 to 19; a high one gives way to other processes.
    /// - Returns: false if the system refused it for a thread.
    package static func set(niceness: Int) -> Bool { dr_set_niceness(CInt(clamping: niceness)) == 0 }

    /// - Returns: false if the system refused it for a thread.
    package static func set(io: IOClass) -> Bool {
        switch io {
        case .idle: dr_set_io_priority(3, 0) == 0
        case .lowest: dr_set_io_priority(2, 7) == 0
        }
    }
}
