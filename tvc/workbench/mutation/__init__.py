"""Mutation: the changes of a policy, or of the law, that a suite would not notice."""
