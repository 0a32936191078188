internal import ObjectStorage
internal import Platform

extension Timestamp {
    /// Returns the name to try after this one, which another run has used.
    /// - Throws: `error` at the last second that a name can have.
    func next(after error: ObjectStoreError) throws -> Timestamp {
        let next = Timestamp(seconds: seconds.addingClamped(1))
        guard next != self else {
            var error = error
            error.hint = "this machine is past the year 9999: set the clock"
            throw error
        }
        return next
    }
}
