"""The workbench: a suite measured (coverage, mutation, hunt, lint) and made (init, fix)."""
