"""Everything Tessera can do, without Qt: documents, slicing, readers, evidence, batch runs and the command line."""

__version__ = "0.1.0"
