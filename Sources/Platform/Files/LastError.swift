internal import Glibc
package import SystemPackage

extension Errno {
    /// The error of the system call that has just failed in this thread: read it before another call overwrites it.
    package static var last: Errno { Errno(rawValue: errno) }
}
