"""Templates: for each group of knobs, timelines at the thresholds that a policy gives them."""
