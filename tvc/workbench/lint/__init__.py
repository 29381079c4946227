"""Lint: what a reader of scenarios and policies would ask about before anything is run.

`tvc.workbench.lint.linting.lint` reads files and returns findings; `tvc.workbench.lint.report`
shows them. What is asked of scenarios stands in `scenario_rules`, of policies in
`unreachable`, `thresholds` and `contradictions`; what published guidance asks of a policy in
`nist` and `owasp`.
"""
