import ArgumentParser
import Drills
import Operations
import Reporting

typealias ReportFormat = Report.Format

extension Report.Format: ExpressibleByArgument {}
extension SetSelector: ExpressibleByArgument {}
extension Sabotage.Kind: ExpressibleByArgument {}
