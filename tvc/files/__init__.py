"""Policy files and scenario files: strict YAML, typed, with a place for every fault."""
