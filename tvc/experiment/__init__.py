"""Experiments: replications of arms, run anywhere, kept on disk, and judged."""
