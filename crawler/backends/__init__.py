"""The backends: each carries tasks to its workers in its own way, and decides nothing."""
