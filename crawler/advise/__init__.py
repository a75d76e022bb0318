"""Which backend, how many consumers and which parser for a site of the user's own, with the figures.

the site ──a few pages, politely──▶ sample ──▶ tuned workload ──compare──▶ advice ──▶ a fragment of config.toml
                                                  └─ a fixture site like it: nothing is measured on the user's site
"""

MOST_PAGES = 20
"""Pages that are asked of a site at most."""
