"""`python -m crawler`."""

if __name__ == "__main__":
    import gc

    gc.disable()  # what is loaded stays: to look for garbage in it takes a twentieth of the start
    try:
        # Here, not above: a worker process that is spawned loads this module again, and has no use for a command line.
        from crawler.cli import main
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    gc.freeze()
    gc.enable()
    main()
