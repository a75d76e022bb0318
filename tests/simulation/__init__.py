"""Many crawls that share one web: hosts divided over cells, which die, freeze, are cut off, come and go.

                    registry: who is a member, who owns which bucket, by which epoch
                        ▲ heartbeats, each with a lease
    cell ──links──▶ cell ──links──▶ …            a cell: a Frontier a bucket of hosts, and what a crash loses
      │ ▲              │ ▲
      ▼ │ requests     ▼ │ commits, with the epoch
    servers, which      journals, one a bucket, which outlive cells: what crawl.db keeps
    check politeness

The frontiers are the real ones. Workers, servers, the network, clocks, disks and the registry are simulated, one event
after another. Servers hold the crawl to its politeness by what reaches them; journals are counted at the end against
the pages that a plain search of the graph reaches. `python -m tests.simulation` prints what happened; the design is in
docs/scale-out.md.
"""
