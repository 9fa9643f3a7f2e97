"""Opening files: documents, pages, native resolution, page images and the words of the text layer."""
