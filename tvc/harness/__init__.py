"""The test harness: collect, run, judge, explain and report."""
