package import Platform

/// An error of the console's server.
package struct ConsoleError: OperationError, Equatable {
    package var operation: String
    package var detail: String
    package var hint: String?

    package init(_ operation: String, _ detail: String, hint: String? = nil) {
        (self.operation, self.detail, self.hint) = (operation, detail, hint)
    }

    package var reasonCode: String { "console" }
    package var place: ErrorPlace { ErrorPlace(operation: operation) }
}
