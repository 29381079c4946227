"""Domain values: what scenario files spell and the drivers run, without positions or YAML."""
