"""Training: synthetic documents and the recipes that fit the embedded reader and the compact model on them."""
