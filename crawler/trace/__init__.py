"""What a crawl's workers and its coordinator did when: recorded, put in lanes, and written as two files."""
