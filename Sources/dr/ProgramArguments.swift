import BackupRepository
import FoundationEssentials
import Glibc

/// The program's arguments as text: one that is not UTF-8 has its other bytes as `\xHH`, as `dr show --files` prints
/// them and `dr restore` takes them.
enum ProgramArguments {
    /// Without the program's name.
    static let all: [String] = raw.map { String(validating: $0, as: UTF8.self) ?? PathText.text(of: $0) }

    /// The arguments that are not UTF-8, in the form that ``all`` gives them.
    static let notUTF8 = Set(
        raw.filter { String(validating: $0, as: UTF8.self) == nil }.map { PathText.text(of: $0) })

    private static let raw: [[UInt8]] = (1..<max(Int(CommandLine.argc), 1)).compactMap { number in
        CommandLine.unsafeArgv[number].map { argument in
            UnsafeBufferPointer(start: argument, count: strlen(argument)).map { UInt8(bitPattern: $0) }
        }
    }
}
