"""Words of pages without a usable text layer, and the cache that keeps them."""
