"""Texts as people have them: which files are meant, what is in them, and what is wrong with them."""
