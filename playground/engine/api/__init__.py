"""The Docker Engine API in front of a host, over HTTP on a Unix socket."""
