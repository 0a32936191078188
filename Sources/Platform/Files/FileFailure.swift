internal import FoundationEssentials
internal import Glibc
internal import SystemPackage

/// The system's message for a failed file operation: "Permission denied", never a dump of Foundation's error.
package enum FileFailure {
    package static func text(_ error: any Error) -> String {
        if let own = error as? FileError { return own.detail }
        if let code = systemCode(error) { return text(code: code) }
        guard let error = error as? CocoaError else { return "\(error)" }
        switch error.code {
        case .fileNoSuchFile, .fileReadNoSuchFile: return text(code: ENOENT)
        case .fileReadNoPermission, .fileWriteNoPermission: return text(code: EACCES)
        case .fileWriteOutOfSpace: return text(code: ENOSPC)
        case .fileWriteVolumeReadOnly: return text(code: EROFS)
        case .fileWriteFileExists: return text(code: EEXIST)
        case .fileReadInapplicableStringEncoding, .fileReadCorruptFile: return "it is not UTF-8 text"
        case .fileReadTooLarge: return text(code: EFBIG)
        case .fileWriteInvalidFileName, .fileReadInvalidFileName: return "its name is not valid"
        default: return "error \(error.code.rawValue)"
        }
    }

    package static func text(code: CInt) -> String { Errno(rawValue: code).description }

    /// The error number under Foundation's error, if there is one.
    private static func systemCode(_ error: any Error) -> CInt? {
        if let error = error as? POSIXError { return error.code.rawValue }
        return (error as? CocoaError)?.underlying.flatMap(systemCode)
    }
}
