"""Statistics over replications: plain numbers in, limits out; nothing here simulates."""
