/// The report for issue trackers and wikis.
enum MarkdownTemplate {
    static let text = """
        # {{title}}

        **{{verdict}}**

        {{#reasons}}
        - {{.}}
        {{/reasons}}

        ## Recovery time (RTO)

        | | |
        |---|---|
        {{#times}}
        | {{name}} | {{value}} |
        {{/times}}
        {{#moments}}
        | {{name}} {{what}} | {{moment}} |
        {{/moments}}

        ## Steps

        | step | outcome | attempts | duration | forecast | result |
        |---|---|---|---|---|---|
        {{#bars}}
        | {{id}} | {{outcome}} | {{attempts}} | {{seconds}} | {{forecast}} | {{summary}} |
        {{/bars}}

        ## Data loss (RPO)

        | component | newest validated datum | loss |
        |---|---|---|
        {{#losses}}
        | {{component}} | {{newest}} | {{loss}} |
        {{/losses}}

        {{#lossFacts}}
        - {{name}}: {{value}}
        {{/lossFacts}}

        ## Checks

        | check | component | verdict | measured | target | |
        |---|---|---|---|---|---|
        {{#checks}}
        | {{name}} | {{component}} | {{verdict}} | {{measured}} | {{target}} | {{detail}} |
        {{/checks}}
        {{#negative}}

        ## Negative control

        - injected fault: {{damage}}
        - must be detected by: {{negativeExpected}}
        - failed: {{negativeRed}}
        {{#negativeWhy}}
          - {{.}}
        {{/negativeWhy}}
        - verdict: {{negativeVerdict}}
        {{/negative}}
        {{#hasLiveStack}}

        ## Live stack

        {{#liveStack}}
        - {{name}}: {{value}}
        {{/liveStack}}
        {{/hasLiveStack}}
        {{#hasDeviations}}

        ## Deviations

        {{#deviations}}
        - {{.}}
        {{/deviations}}
        {{/hasDeviations}}
        {{#hasActions}}

        ## Corrective actions

        | action | owner | due |
        |---|---|---|
        {{#actions}}
        | {{action}} | {{owner}} | {{due}} |
        {{/actions}}
        {{/hasActions}}

        ## Scope

        | | |
        |---|---|
        {{#facts}}
        | {{name}} | {{value}} |
        {{/facts}}

        {{#hasSegregation}}
        ## Segregation of backup and run

        {{#segregation}}
        - {{name}}: {{value}}
        {{/segregation}}

        {{/hasSegregation}}
        ## Controls

        {{#hasVerdicts}}
        | standard | control | requirement | verdict | reason | last shown | next due |
        |---|---|---|---|---|---|---|
        {{#controls}}
        | {{standard}} | {{control}} | {{asks}} | {{verdict}} | {{reason}} | {{shown}} | {{due}} |
        {{/controls}}

        The evidence supports these requirements; it does not show compliance. The text of each rule is authoritative.
        {{/hasVerdicts}}
        {{^hasVerdicts}}
        | standard | control | requirement | supported by |
        |---|---|---|---|
        {{#controls}}
        | {{standard}} | {{control}} | {{asks}} | {{parts}} |
        {{/controls}}
        {{/hasVerdicts}}

        Journal: {{lineCount}} lines. SHA-256 of the last line: `{{head}}`. Evidence document: SHA-256 `{{digest}}`.

        """
}
