/// The report for issue trackers and wikis.
enum MarkdownTemplate {
    static let text = """
        {{% CONTENT_TYPE:DR_MARKDOWN}}
        # {{title}}

        **{{verdict}}**

        {{#reasons}}
        - {{.}}
        {{/reasons}}

        ## Time to recover

        | | |
        |---|---|
        {{#times}}
        | {{name}} | {{value}} |
        {{/times}}
        {{#moments}}
        | {{name}} {{what}} | {{moment}} |
        {{/moments}}

        ## Steps

        | step | outcome | attempts | took | forecast | what |
        |---|---|---|---|---|---|
        {{#bars}}
        | {{id}} | {{outcome}} | {{attempts}} | {{seconds}} | {{forecast}} | {{summary}} |
        {{/bars}}

        ## Loss of data

        | component | newest validated datum | lost |
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

        - damage: {{damage}}
        - had to be noticed by: {{negativeExpected}}
        - went red: {{negativeRed}}
        {{#negativeWhy}}
          - {{.}}
        {{/negativeWhy}}
        - verdict: {{negativeVerdict}}
        {{/negative}}
        {{#hasLiveStack}}

        ## The live stack

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

        ## Controls

        | standard | control | asks for | answered by |
        |---|---|---|---|
        {{#controls}}
        | {{standard}} | {{control}} | {{asks}} | {{parts}} |
        {{/controls}}

        Journal: {{lineCount}} lines, the last with SHA-256 `{{head}}`. Evidence document: SHA-256 `{{digest}}`.

        """
}
