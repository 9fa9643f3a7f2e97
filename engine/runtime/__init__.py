"""Running models here: what this machine has, which precision fits, and how a language model is stepped."""
