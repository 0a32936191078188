/// The report for build servers in JUnit's XML: one suite of the steps and one of the checks.
enum JUnitTemplate {
    static let text = """
        <?xml version="1.0" encoding="UTF-8"?>
        <testsuites name="{{title}}" tests="{{testCount}}" failures="{{failureCount}}" skipped="{{skippedCount}}">
        <testsuite name="steps" tests="{{stepCount}}" failures="{{failedSteps}}" skipped="{{skippedSteps}}">
        {{#bars}}
        <testcase classname="steps" name="{{id}}" time="{{time}}">{{#isBad}}<failure message="{{outcome}}">{{summary}}</failure>{{/isBad}}{{#isQuiet}}<skipped message="{{outcome}}"/>{{/isQuiet}}</testcase>
        {{/bars}}
        </testsuite>
        <testsuite name="checks" tests="{{checkCount}}" failures="{{failedChecks}}" skipped="{{skippedChecks}}">
        {{#checks}}
        <testcase classname="checks" name="{{name}}{{#component}} {{component}}{{/component}}" time="{{time}}">{{#isBad}}<failure message="{{measured}}, should be {{target}}">{{detail}}</failure>{{/isBad}}{{#isQuiet}}<skipped message="{{detail}}"/>{{/isQuiet}}</testcase>
        {{/checks}}
        </testsuite>
        <testsuite name="verdict" tests="1" failures="{{failedVerdict}}">
        <testcase classname="verdict" name="{{verdict}}">{{^isGood}}<failure message="{{verdict}}">{{#reasons}}{{.}}; {{/reasons}}</failure>{{/isGood}}</testcase>
        </testsuite>
        </testsuites>

        """
}
