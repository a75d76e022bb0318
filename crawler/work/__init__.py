"""What runs in a worker: fetch a page, decode it, read it."""
