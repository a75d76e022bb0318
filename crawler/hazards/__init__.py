"""What goes wrong where things happen at the same time: hazards that one can run, each with its cure.

    registry ─▶ a hazard: what is tried, why it fails, what cures it ─┬─▶ show    prints it
                      └─▶ functions that run it and return facts ─────┴─▶ tests   read the facts

They are run on the crawler's own parts. Each ends by itself: what hangs, hangs in a daemon thread or in a child
process, and a watchdog looks at it, tells what it sees and ends it.
"""
