"""Scores, how sure they are, and learning curves."""
