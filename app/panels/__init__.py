"""The panels around the page: documents, questions and answers, search, messages and the status line."""
