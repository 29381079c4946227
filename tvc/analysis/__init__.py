"""Analysis: the frames of runs and studies as pictures; the only home of matplotlib."""
