"""Readers answer questions about pages; each one speaks the Reader protocol."""
