"""Questions × documents: runs that are journalled, resumable and exported to CSV. Imports nothing heavy."""
