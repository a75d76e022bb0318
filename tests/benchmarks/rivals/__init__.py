"""Our backends beside what users would pick instead, on the same catalogue: `make bench`."""
