"""The hunt: histories that nobody thought of, which break an invariant or tell two laws apart."""
