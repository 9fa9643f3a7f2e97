"""Families of synthetic documents, one module for each genre."""
