"""Runs: questions x documents, journalled, resumable, exported to CSV."""
