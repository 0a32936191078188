/// The words for a repository whose sets are not signed.
package enum SigningText {
    package static let state =
        "backup sets are not signed: a user who can write to the store can add or replace backups without a trace"

    package static let unsigned = "\(state)\nhint: docs/keys.md shows how to sign them"
}
