import ArgumentParser
import BackupRepository
import Documents
import FoundationEssentials
import Platform

/// A time on the command line: RFC 3339, or an age.
enum MomentArgument: ExpressibleByArgument {
    case at(Timestamp)
    case age(seconds: Int)

    init?(argument: String) {
        if let name = Timestamp(argument) {
            self = .at(name)
        } else if let date = try? Date(argument, strategy: .iso8601) {
            self = .at(Timestamp(seconds: Int(clamping: date.timeIntervalSince1970.rounded(.down))))
        } else if let period = try? Period(argument) {
            self = .age(seconds: Int(period.duration.components.seconds))
        } else {
            return nil
        }
    }

    func seconds(now: Timestamp) -> Int {
        switch self {
        case .at(let moment): moment.seconds
        case .age(let seconds): now.seconds - seconds
        }
    }
}
