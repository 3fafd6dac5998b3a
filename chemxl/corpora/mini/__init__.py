"""The corpus that the project ships: 105 passages, each in English and in Russian, in four domains; see README.md.

``chemxl.corpora.load("mini")`` reads it as it was written; :func:`expand` makes thousands of sentences of it.
"""

from chemxl.corpora.mini.expansion import expand
from chemxl.corpora.mini.lexicon import Concept, concepts

__all__ = ["Concept", "concepts", "expand"]
