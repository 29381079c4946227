"""The reference implementation: what generates, expires and verifies, and the law it applies."""
