/// One check of `dr doctor`.
package struct Check: Encodable {
    package enum Verdict: String, Encodable { case ok, warning, failed }

    package var name: String
    package var verdict: Verdict
    package var detail: String

    package init(_ name: String, verdict: Verdict, _ detail: String) {
        self.name = name
        self.verdict = verdict
        self.detail = detail
    }
}
