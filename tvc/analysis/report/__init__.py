"""The HTML report of ``simulate``, ``compare`` and ``sweep``: one page, made to be forwarded.

A page is built as a value (`tvc.analysis.report.page.Page`) and then rendered; it holds no date,
no script and nothing of the machine, so that the same study gives the same bytes.
"""
