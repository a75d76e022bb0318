"""The same crawl on every backend, measured so that the figures can be believed.

    workloads ──cases──▶ schedule ──one run at a time──▶ runs ──measurements──▶ results ──▶ table, report, baseline
                            │ rounds, shuffled                │ a fixture server and a crawl, each in a process
                            └─ the server's own limit         └─ the records against the site's ground truth

`measure.compare` does it all. What is pure, `cases`, `statistics`, `results`, `verdict`, knows nothing of processes.
"""
