"""The backend `dask`: a crawl by processes of this machine, or of others, behind a Dask scheduler."""
