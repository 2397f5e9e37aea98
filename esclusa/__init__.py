"""READ: what consumers install: find, verify, read. Imports no other room."""
