"""The command line `tessera`."""
