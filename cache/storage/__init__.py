"""Bytes on a disk or an object store: arrays, shards with checksums, locks."""
