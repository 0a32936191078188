import BackupRepository
import ObjectStorage
import StackConfiguration

/// Hints on a copy. Those of the errors themselves are on the first store, as to prune it or to create a repository.
extension CopyConfiguration {
    func advising(_ error: any Error) -> any Error {
        switch error {
        case let error as ObjectStoreError: advising(error)
        case let error as RepositoryError: advising(error)
        default: error
        }
    }

    func advising(_ error: ObjectStoreError) -> ObjectStoreError {
        var error = error
        switch error.reason {
        case .noSpace:
            error.hint =
                "free space there, or let the copy keep fewer sets by its `retention:`; `dr copy \(name)` goes on"
        case .noSuchStore: error.hint = beginning
        default: break
        }
        return error
    }

    func advising(_ error: RepositoryError) -> RepositoryError {
        var error = error
        if error.reason == .notARepository { error.hint = beginning }
        return error
    }

    private var beginning: String { "check the mount or the bucket; `dr copy \(name) --create` begins the copy anew" }
}
