package import Lab

/// One entry point of dr that reads data from outside, with inputs for it.
///
/// An input is an array of bytes, so that a failing one can be stored as a file and run again.
package protocol FuzzTarget: Sendable {
    /// The name in file names and reports: letters and hyphens.
    static var name: String { get }
    /// Makes an input from valid ones.
    func input(_ random: inout CorpusRandom) throws -> [UInt8]
    /// Gives the input to the program. Errors of dr are expected and must be caught.
    /// - Throws: ``FuzzFinding`` if the result is wrong.
    func run(_ input: [UInt8], in place: FuzzPlace) async throws
}

extension FuzzTarget {
    var name: String { Self.name }
}

/// A result that dr must not have: content that differs, or a file outside the target.
package struct FuzzFinding: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
