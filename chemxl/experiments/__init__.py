"""Experiments as values: computed once, read from a cache afterwards, here or on a cluster."""

from typing import Literal

Profile = Literal["small", "real", "paper"]  # what numbers are computed from; see book/params
