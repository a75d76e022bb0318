"""`python -m crawler`."""

if __name__ == "__main__":
    # Here, not above: a worker process that is spawned loads this module again, and has no use for a command line.
    from crawler.cli import main

    main()
