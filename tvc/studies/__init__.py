"""Studies: questions that many replications answer."""
