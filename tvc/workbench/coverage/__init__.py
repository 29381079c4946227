"""Coverage of the law: which rules, reasons, thresholds, edges and knobs a suite tries."""
