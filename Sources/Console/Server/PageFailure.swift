import BackupRepository
import ObjectStorage
import Platform

/// The reason why a page cannot be shown, as a status of HTTP and a sentence for the visitor.
package struct PageFailure: Error, Equatable {
    package var status: Int
    package var message: String
    package var hint: String?
    /// Seconds after which the visitor may try again; nil if the response does not say.
    package var retryAfter: Int?

    package init(_ status: Int, _ message: String, hint: String? = nil) {
        (self.status, self.message, self.hint) = (status, message, hint)
    }

    /// The failure while others use all places for costly work.
    package static func busy(_ message: String) -> PageFailure {
        var failure = PageFailure(503, message, hint: "try again in a few seconds")
        failure.retryAfter = 5
        return failure
    }

    package static func notFound(_ message: String) -> PageFailure { PageFailure(404, message) }

    /// The failure for an error of the program.
    init(_ error: any Error) {
        switch error {
        case let error as PageFailure: self = error
        case let error as UsageError: self.init(404, error.message, hint: error.hint)
        case let error as RepositoryError:
            let text = error.place.text.isEmpty ? error.detail : "\(error.place.text): \(error.detail)"
            self.init(Self.status(of: error.reason), text, hint: error.hint)
        case let error as ObjectStoreError:
            self.init(503, "the store cannot be read: \(error.detail)", hint: error.hint)
        case let error as any OperationError:
            self.init(500, "\(error.place.text): \(error.detail)", hint: error.hint)
        default: self.init(500, "\(error)")
        }
    }

    private static func status(of reason: RepositoryError.Reason) -> Int {
        switch reason {
        case .noSuchSet, .noSuchComponent, .noSuchPath: 404
        case .encrypted: 403
        case .damaged, .untrusted: 502
        default: 500
        }
    }
}
