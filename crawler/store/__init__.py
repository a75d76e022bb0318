"""What a crawl leaves on disk: its database, and the files written from it."""
