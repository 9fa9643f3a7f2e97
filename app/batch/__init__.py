"""The batch window: many questions of many documents, journalled, resumable, written to a CSV."""
